"""mygrad.fft, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad.fft.frequencies import fftfreq as fftfreq
from mygrad.fft.frequencies import fftshift as fftshift
from mygrad.fft.frequencies import ifftshift as ifftshift
from mygrad.fft.frequencies import rfftfreq as rfftfreq
from mygrad.fft.transforms import fft as fft
from mygrad.fft.transforms import fft2 as fft2
from mygrad.fft.transforms import fftn as fftn
from mygrad.fft.transforms import hfft as hfft
from mygrad.fft.transforms import ifft as ifft
from mygrad.fft.transforms import ifft2 as ifft2
from mygrad.fft.transforms import ifftn as ifftn
from mygrad.fft.transforms import ihfft as ihfft
from mygrad.fft.transforms import irfft as irfft
from mygrad.fft.transforms import irfft2 as irfft2
from mygrad.fft.transforms import irfftn as irfftn
from mygrad.fft.transforms import rfft as rfft
from mygrad.fft.transforms import rfft2 as rfft2
from mygrad.fft.transforms import rfftn as rfftn

__all__: list[str]
