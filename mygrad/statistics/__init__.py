"""Averages, quantiles, histograms, and reductions that leave NaN out."""

from mygrad.statistics.averages import *
from mygrad.statistics.histograms import *
from mygrad.statistics.medians import *
from mygrad.statistics.quantiles import *
from mygrad.statistics.without_nan import *
