#include "login/text.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.h"

namespace durward::login {
namespace {

struct Row {
  std::string_view english, german;
};
constexpr Row rows[] = {
#define DURWARD_TEXT(name, english, german) {english, german},
#include "login/text_table.h"
#undef DURWARD_TEXT
};

std::string primary_subtag(std::string_view tag) {
  return to_lower(trim(tag.substr(0, tag.find_first_of("-_"))));
}

bool is_enabled(std::string_view tag, const std::vector<std::string>& enabled) {
  return enabled.empty() ||
         std::ranges::any_of(enabled, [&](const std::string& entry) { return primary_subtag(entry) == tag; });
}

std::optional<Language> built_in(std::string_view tag, const std::vector<std::string>& enabled) {
  const std::string primary = primary_subtag(tag);
  for (const Language language : {Language::english, Language::german})
    if (primary == tag_of(language) && is_enabled(primary, enabled)) return language;
  return std::nullopt;
}

// "de;q=0.8": the weight, 1 when there is none, 0 for nonsense.
double weight_of(std::string_view parameters) {
  const size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return 1;
  const std::string_view digits = trim(parameters.substr(at + 2));
  double weight = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), weight);
  return weight;
}

template <class F>
void for_each_part(std::string_view list, char separator, F use) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(separator), list.size());
    use(trim(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

}  // namespace

std::string_view tag_of(Language language) { return language == Language::german ? "de" : "en"; }

Language choose_language(std::string_view ui_locales, std::string_view accept_language,
                         const std::vector<std::string>& enabled) {
  std::optional<Language> chosen;
  for_each_part(ui_locales.substr(0, 200), ' ', [&](std::string_view tag) {
    if (!chosen) chosen = built_in(tag, enabled);
  });
  if (chosen) return *chosen;
  double best = 0;
  for_each_part(accept_language.substr(0, 500), ',', [&](std::string_view part) {
    const size_t semicolon = std::min(part.find(';'), part.size());
    const double weight = weight_of(part.substr(semicolon));
    const auto language = built_in(part.substr(0, semicolon), enabled);
    if (language && weight > best) {
      best = weight;
      chosen = language;
    }
  });
  return chosen.value_or(Language::english);
}

std::string_view text(Language language, Text key) {
  const Row& row = rows[size_t(key)];
  return language == Language::german ? row.german : row.english;
}

std::string text(Language language, Text key, std::string_view argument) {
  std::string out(text(language, key));
  if (const size_t at = out.find("{}"); at != std::string::npos) out.replace(at, 2, argument);
  return out;
}

}  // namespace durward::login
