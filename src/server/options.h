#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// Every setting of the program is one row of one table: the YAML file's keys, the environment, the flags,
// `--help`, `config check` and `config show` all read it.
namespace durward::server {

enum class OptionType { text, path, integer, boolean, list };

// Flags of an option.
enum : unsigned {
  secret = 1,     // never shown; the value may be "@FILE", and NAME_file names the file too
  flag_only = 2,  // belongs to one run, not to an installation: no key in the file, no environment
};

struct Option {
  std::string_view
      name;  // "base-domain": flag --base-domain, key base_domain, environment DURWARD_BASE_DOMAIN
  OptionType type = OptionType::text;
  std::string_view fallback;  // as it would be typed; lists separate with a comma
  std::string_view doc;
  unsigned flags = 0;
  int64_t min = 0, max = 0;      // of integers
  std::string_view values = {};  // what a text or a list item may be, space separated; empty: anything

  std::string key() const;          // base_domain
  std::string environment() const;  // DURWARD_BASE_DOMAIN
  bool is(unsigned flag) const { return flags & flag; }
};

std::span<const Option> options();
const Option* find_option(std::string_view name);

// The values of one run with where each came from. Reading an option that is not in the table, or as another
// type than its row says, is a broken invariant (std::logic_error).
class Settings {
 public:
  const std::string& text(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  bool boolean(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;
  std::string_view source(std::string_view name) const;  // "default", "file", "environment", "flag"
  bool is_given(std::string_view name) const { return source(name) != "default"; }
  // What was found and means nothing: DURWARD_* names that are no setting. No mistake, because orchestrators
  // put names of their own there (DURWARD_SERVICE_HOST).
  const std::vector<std::string>& ignored() const { return ignored_; }
  // Every option with value and source; secrets as "(set)" or "".
  json::Object shown() const;

 private:
  friend class SettingsReader;
  struct Value {
    std::vector<std::string> items;
    std::string source = "default";
  };
  const Value& value(std::string_view name, std::initializer_list<OptionType> types) const;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<std::string> ignored_;
};

// Where settings come from, lowest first. `flags` are (name without "--", value) in the order typed; a
// repeated flag of a list adds to it.
struct SettingSources {
  std::function<std::optional<std::string>(std::string_view name)> environment;
  std::vector<std::pair<std::string, std::string>> environment_all;  // DURWARD_* only
  std::vector<std::pair<std::string, std::string>> flags;
  std::function<Result<std::string>(const std::string& path)> read_file;
};

// All mistakes at once, one sentence each, naming file and line where there is one.
std::expected<Settings, std::vector<std::string>> read_settings(const SettingSources& sources);

// The process's own environment and files.
SettingSources process_sources(std::vector<std::pair<std::string, std::string>> flags);
Result<std::string> read_file(const std::string& path);

}  // namespace durward::server
