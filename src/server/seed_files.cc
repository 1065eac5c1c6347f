#include "server/seed_files.h"

#include <filesystem>

#include "server/options.h"

namespace durward::server {
namespace {

constexpr size_t file_max = 1 << 20;

// One line that begins with "./", or a name without white space that ends like a file of code.
bool names_a_file(std::string_view text) {
  if (text.find('\n') != text.npos) return false;
  if (text.starts_with("./")) return true;
  return text.find_first_of(" \t;(){}") == text.npos && (text.ends_with(".js") || text.ends_with(".ts"));
}

class FileReader {
 public:
  explicit FileReader(const std::string& path) : folder_(std::filesystem::path(path).parent_path()) {}

  void member(json::Object& body, std::string_view name, const std::string& where) {
    auto* value = body.if_contains(name);
    if (!value || !value->is_string()) return;
    const std::string text(json::view(value->get_string()));
    if (!names_a_file(text)) return;
    const auto relative = std::filesystem::path(text).lexically_normal();
    if (relative.is_absolute() || relative.begin()->string() == "..")
      return mistakes.push_back(where + ": " + text + " is not below the folder of the file");
    auto content = read_file((folder_ / relative).string());
    if (!content || content->size() > file_max)
      return mistakes.push_back(where + ": " + text + " cannot be read");
    *value = *std::move(content);
  }

  std::vector<std::string> mistakes;

 private:
  std::filesystem::path folder_;
};

void read_database_scripts(FileReader& reader, SeedItem& item) {
  auto* options = item.body.if_contains("options");
  auto* scripts =
      options && options->is_object() ? options->get_object().if_contains("customScripts") : nullptr;
  if (!scripts || !scripts->is_object()) return;
  std::vector<std::string> names;
  for (const auto& script : scripts->get_object()) names.emplace_back(script.key());
  for (const auto& name : names) reader.member(scripts->get_object(), name, item.where);
}

}  // namespace

std::vector<std::string> read_seed_files(Seed& seed, const std::string& path) {
  struct Section {
    std::vector<SeedItem>& items;
    std::string_view member;
  };
  FileReader reader(path);
  for (auto& [items, member] : {Section{seed.actions, "code"}, Section{seed.action_modules, "code"},
                                Section{seed.rules, "script"}, Section{seed.hooks, "script"}})
    for (auto& item : items) reader.member(item.body, member, item.where);
  for (auto& item : seed.connections) read_database_scripts(reader, item);
  return std::move(reader.mistakes);
}

}  // namespace durward::server
