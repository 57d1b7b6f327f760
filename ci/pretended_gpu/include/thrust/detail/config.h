#pragma once
#include <thrust/detail/config/namespace.h>
