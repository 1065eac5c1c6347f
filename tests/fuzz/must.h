#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// What must hold for every input; libFuzzer keeps the input that breaks it.
#define MUST(condition)                                                           \
  do {                                                                            \
    if (!(condition)) {                                                           \
      std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                               \
    }                                                                             \
  } while (false)

inline std::string_view text_of(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }
