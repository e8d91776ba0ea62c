// libcurl, and the fixed-arity forms of its variadic functions that Swift needs, since Swift can't call C variadics.
#pragma once
#include <curl/curl.h>
