#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

// The part of bcrypt that takes the time: 521 Blowfish blocks, each of which rewrites two words of the cipher
// that makes the next one. One hash is a single chain of dependent loads and leaves three quarters of a core
// idle, so engines advance several independent states side by side.
namespace durward::crypto::bcrypt {

// Blowfish as it stands: 18 subkeys, then four S-boxes of 256. Engines rely on this layout and size.
struct alignas(64) State {
  uint32_t words[18 + 4 * 256];
  uint32_t unused[30];
};
static_assert(sizeof(State) == 4288);

struct Halves {
  uint32_t left = 0, right = 0;
};
Halves encipher(const State& state, Halves block);

struct Engine {
  const char* name;
  size_t lanes;  // as many states as it advances at full speed
  // Enciphers the zero block on and on and writes it over all words, in each of `count` <= lanes states that
  // lie one after the other.
  void (*expand)(State* states, size_t count);
};

const Engine& plain_engine();     // C++ without anything of a processor, five lanes
const Engine& portable_engine();  // C++, with the bit field instructions of this processor if it has them
// x86-64 with BMI1: those that run on this processor, five or six lanes, the one for it first; none
// elsewhere.
std::span<const Engine* const> assembly_engines();
const Engine& best_engine();  // of this processor

}  // namespace durward::crypto::bcrypt
