#include "crypto/bcrypt/lanes.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "crypto/bcrypt/pi.h"

namespace durward::crypto::bcrypt {

namespace {

constexpr size_t subkeys = 18, words = 18 + 4 * 256;

// The password and its final NUL, repeated over the subkeys: read as unsigned characters, and as the signed
// ones that a famous implementation took them for until 2011.
struct KeyWords {
  uint32_t right[subkeys], signed_chars[subkeys];
  bool has_sign_that_matters = false;  // a character from 0x80 on that is not the first of its word
};

KeyWords key_words(std::string_view password) {
  KeyWords key{};
  password = password.substr(0, password.find('\0'));
  const size_t period = password.size() + 1;
  for (size_t i = 0; i < subkeys * 4; ++i) {
    const size_t at = i % period;
    const auto c = at == password.size() ? char(0) : password[at];
    key.right[i / 4] = key.right[i / 4] << 8 | uint8_t(c);
    key.signed_chars[i / 4] = key.signed_chars[i / 4] << 8 | uint32_t(int32_t(int8_t(c)));
    if (i % 4 != 0 && (uint8_t(c) & 0x80)) key.has_sign_that_matters = true;
  }
  return key;
}

// crypt(3): "$2a$" must not collide with a hash that the signed reading made of another password. Where both
// readings agree although a sign was extended, one bit of the first subkey tells them apart.
uint32_t collision_guard(const KeyWords& key, Variant variant) {
  const bool agrees = std::equal(key.right, key.right + subkeys, key.signed_chars);
  return variant == Variant::a && agrees && key.has_sign_that_matters ? 0x10000 : 0;
}

// The only expansion that has the salt in its blocks: once a hash, by itself.
void expand_with_salt(State& state, const std::array<uint32_t, 4>& salt) {
  Halves block;
  for (size_t at = 0; at < words; at += 2) {
    block = encipher(state, {block.left ^ salt[at % 4], block.right ^ salt[(at + 1) % 4]});
    state.words[at] = block.left;
    state.words[at + 1] = block.right;
  }
}

constexpr std::array<Halves, 3> plaintext = {{{0x4F727068, 0x65616E42},
                                              {0x65686F6C, 0x64657253},
                                              {0x63727944, 0x6F756274}}};  // OrpheanBeholderScryDoubt

}  // namespace

Lanes::Lanes(const Engine& engine) : engine_(engine), states_(std::make_unique<State[]>(engine.lanes)) {
  jobs_.reserve(engine.lanes);
}

Lanes::~Lanes() {
  OPENSSL_cleanse(states_.get(), size() * sizeof(State));
  OPENSSL_cleanse(jobs_.data(), jobs_.size() * sizeof(Job));
}

size_t Lanes::size() const { return engine_.lanes; }
State& Lanes::state(size_t lane) { return states_[lane]; }

void Lanes::start(uint64_t ticket, std::string_view password, const Setting& setting) {
  KeyWords key = key_words(password);
  const auto& effective = setting.variant == Variant::x ? key.signed_chars : key.right;
  Job job{.ticket = ticket, .expansions_left = uint64_t(2) << setting.cost, .password = {}, .salt = {}};
  std::copy_n(effective, subkeys, job.password);
  for (size_t i = 0; i < subkeys; ++i) job.salt[i] = setting.salt[i % 4];
  State& s = state(busy());
  std::copy_n(pi_words, words, s.words);
  s.words[0] ^= collision_guard(key, setting.variant);
  for (size_t i = 0; i < subkeys; ++i) s.words[i] ^= job.password[i];
  expand_with_salt(s, setting.salt);
  jobs_.push_back(job);
  OPENSSL_cleanse(&key, sizeof key);
  OPENSSL_cleanse(&job, sizeof job);
}

void Lanes::mix_keys() {
  for (size_t lane = 0; lane < busy(); ++lane) {
    const Job& job = jobs_[lane];
    const auto& key = job.expansions_left % 2 == 0 ? job.password : job.salt;
    for (size_t i = 0; i < subkeys; ++i) state(lane).words[i] ^= key[i];
  }
}

std::vector<Lanes::Done> Lanes::step() {
  std::vector<Done> done;
  if (jobs_.empty()) return done;
  mix_keys();
  engine_.expand(states_.get(), busy());
  for (auto& job : jobs_) --job.expansions_left;
  for (size_t lane = busy(); lane-- > 0;)
    if (jobs_[lane].expansions_left == 0) {
      done.push_back({jobs_[lane].ticket, finish(lane)});
      leave(lane);
    }
  return done;
}

Digest Lanes::finish(size_t lane) {
  Digest digest{};
  for (size_t n = 0; n < plaintext.size(); ++n) {
    Halves block = plaintext[n];
    for (int i = 0; i < 64; ++i) block = encipher(state(lane), block);
    for (int byte = 0; byte < 4; ++byte) {
      digest[n * 8 + size_t(byte)] = char(block.left >> (24 - 8 * byte));
      digest[n * 8 + 4 + size_t(byte)] = char(block.right >> (24 - 8 * byte));
    }
  }
  return digest;
}

// The last lane moves into the gap, so that busy lanes lie one after the other.
void Lanes::leave(size_t lane) {
  const size_t last = busy() - 1;
  if (lane != last) {
    state(lane) = state(last);
    jobs_[lane] = jobs_[last];
  }
  OPENSSL_cleanse(&state(last), sizeof(State));
  OPENSSL_cleanse(&jobs_[last], sizeof(Job));
  jobs_.pop_back();
}

Digest hash_one(std::string_view password, const Setting& setting) {
  Lanes lanes;
  lanes.start(0, password, setting);
  while (true)
    if (const auto done = lanes.step(); !done.empty()) return done[0].digest;
}

}  // namespace durward::crypto::bcrypt
