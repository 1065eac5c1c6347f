#include "login/bots/question.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::login {
namespace {

struct Number {
  std::string_view english, german;
};
constexpr Number numbers[] = {
    {"zero", "null"},        {"one", "eins"},           {"two", "zwei"},          {"three", "drei"},
    {"four", "vier"},        {"five", "fünf"},          {"six", "sechs"},         {"seven", "sieben"},
    {"eight", "acht"},       {"nine", "neun"},          {"ten", "zehn"},          {"eleven", "elf"},
    {"twelve", "zwölf"},     {"thirteen", "dreizehn"},  {"fourteen", "vierzehn"}, {"fifteen", "fünfzehn"},
    {"sixteen", "sechzehn"}, {"seventeen", "siebzehn"}, {"eighteen", "achtzehn"}};

std::string_view word(Language language, size_t n) {
  return language == Language::german ? numbers[n].german : numbers[n].english;
}

size_t below(Random& random, size_t n) {  // n at most 256; a slight bias does no harm here
  return uint8_t(random.bytes(1)[0]) % n;
}

// A letter is strokes on a grid four wide and six high: "x y x y ..." each, separated by a slash. Letters and
// digits that look alike are left out.
struct Glyph {
  char name;
  std::string_view strokes;
};
constexpr Glyph glyphs[] = {{'a', "06 20 46/13 33"},
                            {'c', "41 20 02 04 26 45"},
                            {'e', "40 00 06 46/03 33"},
                            {'f', "40 00 06/03 33"},
                            {'h', "00 06/40 46/03 43"},
                            {'k', "00 06/40 03 46"},
                            {'l', "00 06 46"},
                            {'m', "06 00 23 40 46"},
                            {'n', "06 00 46 40"},
                            {'p', "06 00 30 41 32 03"},
                            {'r', "06 00 30 41 32 03/23 46"},
                            {'t', "00 40/20 26"},
                            {'u', "00 05 16 36 45 40"},
                            {'v', "00 26 40"},
                            {'w', "00 16 23 36 40"},
                            {'x', "00 46/40 06"},
                            {'y', "00 23 40/23 26"},
                            {'z', "00 40 06 46"},
                            {'3', "00 40 23 44 36 05"},
                            {'4', "36 30 04 44"},
                            {'6', "40 03 05 16 36 44 13"},
                            {'7', "00 40 16"},
                            {'8', "23 01 10 30 41 23 05 16 36 45 23"}};

constexpr size_t letters = 5;
constexpr int cell = 9, advance = 52, width = 285, height = 90;

class Pen {
 public:
  explicit Pen(Random& random) : random_(random) {}
  // A stroke of the glyph at this place, every point moved a little.
  void draw(std::string_view stroke, int left, int top) {
    out_ += 'M';
    for (size_t i = 0; i + 1 < stroke.size(); i += 3)
      point(left + (stroke[i] - '0') * cell, top + (stroke[i + 1] - '0') * cell);
  }
  void line(int x1, int y1, int x2, int y2) {
    out_ += 'M';
    point(x1, y1);
    point(x2, y2);
  }
  std::string take() { return std::move(out_); }

 private:
  void point(int x, int y) { out_ += std::to_string(x + shift()) + ' ' + std::to_string(y + shift()) + ' '; }
  int shift() { return int(below(random_, 7)) - 3; }
  Random& random_;
  std::string out_;
};

void draw_glyph(Pen& pen, const Glyph& glyph, int left, int top) {
  for (std::string_view rest = glyph.strokes; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    pen.draw(rest.substr(0, end), left, top);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace

Question make_question(Random& random, Language language) {
  const size_t a = 1 + below(random, 9), b = 1 + below(random, 9);
  std::string text = login::text(language, Text::question_sum, word(language, a));
  text.replace(text.find("{}"), 2, word(language, b));
  std::vector<std::string> answers{std::to_string(a + b)};
  for (const Language each : {Language::english, Language::german}) answers.emplace_back(word(each, a + b));
  return {std::move(text), std::move(answers)};
}

Picture make_picture(Random& random) {
  Picture out;
  Pen pen(random);
  for (size_t i = 0; i < letters; ++i) {
    const Glyph& glyph = glyphs[below(random, std::size(glyphs))];
    out.answer += glyph.name;
    draw_glyph(pen, glyph, 14 + int(i) * advance + int(below(random, 9)), 12 + int(below(random, 16)));
  }
  for (int i = 0; i < 4; ++i)
    pen.line(int(below(random, 60)), int(below(random, height)), width - int(below(random, 60)),
             int(below(random, height)));
  const std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + std::to_string(width) + " " +
      std::to_string(height) + "\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><path d=\"" +
      pen.take() + "\" fill=\"none\" stroke=\"#222\" stroke-width=\"3\" stroke-linecap=\"round\"/></svg>";
  out.data_uri = "data:image/svg+xml;base64," + to_base64(svg);
  return out;
}

}  // namespace durward::login
