#pragma once
#include <string>
#include <vector>

#include "base/random.h"
#include "login/text.h"

// Challenges that a person answers by writing, for browsers without scripts.
namespace durward::login {

struct Question {
  std::string text;                  // a sentence in the person's language
  std::vector<std::string> answers;  // any of them, in lower case
};
// A small sum, in words.
Question make_question(Random& random, Language language);

struct Picture {
  std::string data_uri;  // an SVG of distorted strokes; it holds no text
  std::string answer;    // in lower case
};
Picture make_picture(Random& random);

}  // namespace durward::login
