#include "cli/command.h"

#include <cstdio>

namespace durward::cli {
namespace {

using Pair = std::pair<std::string, std::string>;

constexpr std::string_view store_options[] = {"config",        "data",        "store",      "store-password",
                                              "store-timeout", "base-domain", "master-key", "bcrypt-cost"};

bool takes(const Command& command, const server::Option& option) {
  if (command.uses == Uses::all) return true;
  if (command.uses == Uses::none) return false;
  return std::find(std::begin(store_options), std::end(store_options), option.name) !=
         std::end(store_options);
}

// The option a flag names; "smtp-password-file" names smtp-password.
const server::Option* option_of(const Command& command, std::string_view name) {
  for (const auto& option : server::options()) {
    const bool named =
        name == option.name || (option.is(server::secret) && name == std::string(option.name) + "-file");
    if (named && takes(command, option)) return &option;
  }
  return nullptr;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (space) out.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

bool begins_with(const std::vector<std::string>& words, const std::vector<std::string>& prefix) {
  return words.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), words.begin());
}

const Command* find_command(const std::vector<std::string>& words, size_t& used) {
  for (const auto& command : commands()) {
    const auto prefix = split_words(command.words);
    if (!begins_with(words, prefix)) continue;
    used = prefix.size();
    return &command;
  }
  return nullptr;
}

struct Parsed {
  std::vector<std::string> arguments, mistakes;
  std::map<std::string, std::string, std::less<>> flags;
  std::vector<Pair> settings;
  bool help = false, json = false;
};

// One walk over the words of a command.
class Parser {
 public:
  Parser(const Command& command, std::span<const std::string> words) : command_(command), words_(words) {}

  Parsed parse() {
    for (; at_ < words_.size(); ++at_) {
      if (only_arguments_ || !words_[at_].starts_with("--") || words_[at_].size() == 2)
        plain(words_[at_]);
      else
        flag(words_[at_].substr(2));
    }
    check_arguments();
    return std::move(parsed_);
  }

 private:
  void plain(const std::string& word) {
    if (word == "--" && !only_arguments_) return void(only_arguments_ = true);
    if (!only_arguments_ && word == "-h") return void(parsed_.help = true);
    parsed_.arguments.push_back(word);
  }

  void flag(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    std::optional<std::string> value;
    if (equals != text.npos) value = text.substr(equals + 1);
    if (name == "help") return void(parsed_.help = true);
    if (name == "json") return void(parsed_.json = true);
    for (const auto& known : command_.flags)
      if (known.name == name) return own_flag(known, std::move(value));
    if (const auto* option = option_of(command_, name)) return setting(*option, name, std::move(value));
    parsed_.mistakes.push_back("--" + name + " is not an option of durward " + std::string(command_.words));
  }

  void own_flag(const Flag& flag, std::optional<std::string> value) {
    if (flag.value.empty() && value)
      return parsed_.mistakes.push_back("--" + std::string(flag.name) + " takes no value");
    if (flag.value.empty()) value = "true";
    if (!value) value = next_word(flag.name);
    if (value) parsed_.flags[std::string(flag.name)] = *value;
  }

  void setting(const server::Option& option, const std::string& name, std::optional<std::string> value) {
    if (!value) value = option.type == server::OptionType::boolean ? "true" : next_word(name);
    if (value) parsed_.settings.emplace_back(name, *value);
  }

  std::optional<std::string> next_word(std::string_view name) {
    if (at_ + 1 < words_.size()) return words_[++at_];
    parsed_.mistakes.push_back("--" + std::string(name) + " needs a value");
    return {};
  }

  void check_arguments() {
    size_t needed = 0;
    for (const auto& argument : command_.arguments) needed += argument.required;
    if (parsed_.arguments.size() < needed)
      parsed_.mistakes.push_back(std::string(command_.arguments[parsed_.arguments.size()].name) +
                                 " is missing");
    if (parsed_.arguments.size() > command_.arguments.size())
      parsed_.mistakes.push_back("\"" + parsed_.arguments[command_.arguments.size()] +
                                 "\" is one word too many");
  }

  const Command& command_;
  std::span<const std::string> words_;
  size_t at_ = 0;
  bool only_arguments_ = false;
  Parsed parsed_;
};

std::string padded(std::string_view text, size_t width) {
  std::string out(text);
  out.resize(std::max(width, text.size() + 1), ' ');
  return out;
}

std::string line(std::string_view left, std::string_view doc) {
  return "  " + padded(left, 30) + " " + std::string(doc) + "\n";
}

Exit usage(const std::vector<std::string>& mistakes, std::string_view command, bool as_json = false) {
  if (as_json) {
    std::string all;
    for (const auto& mistake : mistakes) all += (all.empty() ? "" : "\n") + mistake;
    Output(true).fail({ErrorKind::invalid, usage_code, std::move(all), ""});
    return Exit::usage;
  }
  for (const auto& mistake : mistakes) std::fprintf(stderr, "durward: %s\n", mistake.c_str());
  std::fprintf(stderr, "Try: durward %.*s%s--help\n", int(command.size()), command.data(),
               command.empty() ? "" : " ");
  return Exit::usage;
}

// "tenant" is not a command but the first word of some: what they are.
std::string help_of_group(std::string_view word) {
  std::string out;
  for (const auto& command : commands())
    if (command.words.starts_with(std::string(word) + " ")) out += line(command.words, command.summary);
  if (out.empty()) return out;
  return "durward " + std::string(word) + " COMMAND [options]\n\n" + out + "\ndurward " + std::string(word) +
         " COMMAND --help tells more.\n";
}

bool asks_for_help(std::string_view word) { return word == "help" || word == "--help" || word == "-h"; }

Exit unknown_command(const std::vector<std::string>& words) {
  const std::string group = help_of_group(words[0]);
  const bool helped = words.size() > 1 && asks_for_help(words[1]);
  if (!group.empty() && (words.size() == 1 || helped)) {
    std::fputs(group.c_str(), helped ? stdout : stderr);
    return helped ? Exit::ok : Exit::usage;
  }
  return usage({"\"" + words[0] + (words.size() > 1 && !words[1].starts_with('-') ? " " + words[1] : "") +
                "\" is not a command"},
               "");
}

Exit run_command(const Command& command, Parsed parsed) {
  auto given = command.presets;
  given.insert(given.end(), parsed.settings.begin(), parsed.settings.end());
  auto sources =
      command.uses == Uses::none ? server::SettingSources{} : server::process_sources(std::move(given));
  auto settings = server::read_settings(sources);
  if (!settings) return usage(settings.error(), command.words, parsed.json);
  for (const auto& name : settings->ignored())
    std::fprintf(stderr, "durward: %s is not a setting and is ignored\n", name.c_str());
  Invocation invocation{std::move(parsed.arguments), std::move(parsed.flags), *std::move(settings),
                        Output(parsed.json)};
  try {
    return command.run(invocation);
  } catch (const std::exception& e) {
    return invocation.out.fail({ErrorKind::internal, "internal", e.what(), ""});
  }
}

std::string option_line(const server::Option& option) {
  std::string left = "--" + std::string(option.name), doc(option.doc);
  if (option.type != server::OptionType::boolean)
    left += option.type == server::OptionType::integer ? " N" : " VALUE";
  if (!option.fallback.empty() && option.fallback != "false")
    doc += " [" + std::string(option.fallback) + "]";
  return line(left, doc);
}

}  // namespace

Exit exit_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::too_large:
      return Exit::validation;
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
      return Exit::permission;
    case ErrorKind::not_found:
      return Exit::not_found;
    case ErrorKind::conflict:
      return Exit::conflict;
    case ErrorKind::limited:
    case ErrorKind::unavailable:
      return Exit::unreachable;
    case ErrorKind::internal:
      return Exit::failure;
  }
  return Exit::failure;
}

std::string Invocation::value(std::string_view flag, std::string_view fallback) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? std::string(fallback) : found->second;
}
std::optional<std::string> Invocation::argument(size_t index) const {
  return index < arguments.size() ? std::optional(arguments[index]) : std::nullopt;
}

std::string help_of(const Command& command) {
  std::string out = "durward " + std::string(command.words);
  for (const auto& argument : command.arguments)
    out += argument.required ? " " + std::string(argument.name) : " [" + std::string(argument.name) + "]";
  out += " [options]\n\n" + std::string(command.summary) + "\n\n";
  for (const auto& argument : command.arguments) out += line(argument.name, argument.doc);
  for (const auto& flag : command.flags)
    out += line("--" + std::string(flag.name) + (flag.value.empty() ? "" : " " + std::string(flag.value)),
                flag.doc);
  out += line("--json", "machine-readable output on stdout");
  for (const auto& option : server::options())
    if (takes(command, option)) out += option_line(option);
  if (command.uses != Uses::none)
    out +=
        "\nOptions that belong to an installation may also stand in the YAML file of --config (base_domain: "
        "...) and in\n"
        "the environment (DURWARD_BASE_DOMAIN=...); a flag wins over the environment, which wins over the "
        "file.\n";
  return out +
         "\nExit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 5 permission, 6 validation, 7 "
         "unreachable,\n"
         "8 partial, 9 a check failed.\n";
}

std::string help_of_all() {
  std::string out = "durward COMMAND [options]\n\nA self-hosted identity platform.\n\n";
  for (const auto& command : commands()) out += line(command.words, command.summary);
  return out + "\ndurward COMMAND --help tells more.\n";
}

static Exit help(const std::vector<std::string>& words) {
  size_t used = 0;
  const auto* command = find_command(words, used);
  const std::string group = words.empty() ? "" : help_of_group(words[0]);
  std::fputs((command ? help_of(*command) : group.empty() ? help_of_all() : group).c_str(), stdout);
  return Exit::ok;
}

Exit run(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::fputs(help_of_all().c_str(), stderr);
    return Exit::usage;
  }
  if (asks_for_help(words[0])) return help({words.begin() + 1, words.end()});
  size_t used = 0;
  const auto* command =
      find_command(words[0] == "--version" ? std::vector<std::string>{"version"} : words, used);
  if (!command) return unknown_command(words);
  Parsed parsed = Parser(*command, std::span(words).subspan(used)).parse();
  if (parsed.help) {
    std::fputs(help_of(*command).c_str(), stdout);
    return Exit::ok;
  }
  if (!parsed.mistakes.empty()) return usage(parsed.mistakes, command->words, parsed.json);
  return run_command(*command, std::move(parsed));
}

}  // namespace durward::cli
