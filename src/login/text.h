#pragma once
#include <string>
#include <string_view>
#include <vector>

// The words of the pages in the languages that are built in. `{}` in a text is replaced by its argument.
namespace durward::login {

enum class Language { english, german };
std::string_view tag_of(Language language);  // "en", "de"

// The first of `ui_locales` (space separated), then of Accept-Language (RFC 9110 §12.5.4, by weight), that is
// built in and enabled for the tenant (an empty list enables all). English otherwise.
Language choose_language(std::string_view ui_locales, std::string_view accept_language,
                         const std::vector<std::string>& enabled);

enum class Text {
#define DURWARD_TEXT(name, english, german) name,
#include "login/text_table.h"
#undef DURWARD_TEXT
};
std::string_view text(Language language, Text key);
std::string text(Language language, Text key, std::string_view argument);

}  // namespace durward::login
