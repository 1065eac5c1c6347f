#include "server/options.h"

#include <gtest/gtest.h>

#include <set>

namespace durward::server {
namespace {

struct World {
  std::map<std::string, std::string> files;
  std::vector<std::pair<std::string, std::string>> environment, flags;

  std::expected<Settings, std::vector<std::string>> read() const {
    SettingSources sources;
    sources.environment_all = environment;
    sources.environment = [this](std::string_view name) -> std::optional<std::string> {
      for (const auto& [key, value] : environment)
        if (key == name) return value;
      return {};
    };
    sources.flags = flags;
    sources.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return fail(ErrorKind::not_found, "no_file", path + " cannot be read");
      return found->second;
    };
    return read_settings(sources);
  }
  std::string mistakes() const {
    auto settings = read();
    if (settings) return "none";
    std::string out;
    for (const auto& line : settings.error()) out += line + "\n";
    return out;
  }
};

TEST(Options, without_any_source_every_option_has_its_default) {
  auto settings = World{}.read();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->text("base-domain"), "localhost");
  EXPECT_EQ(settings->list("listen"), std::vector<std::string>{"127.0.0.1:8443"});
  EXPECT_EQ(settings->list("role").size(), 5u);
  EXPECT_EQ(settings->source("listen"), "default");
}

TEST(Options, a_captcha_provider_is_pointed_elsewhere_by_name_and_over_tls) {
  World world;
  world.flags = {{"captcha-verify", "hcaptcha=https://verify.example/siteverify"}};
  EXPECT_TRUE(world.read()) << world.mistakes();
  for (const char* bad : {"hcaptcha", "hcaptcha=http://verify.example/", "nobody=https://verify.example/"}) {
    world.flags = {{"captcha-verify", bad}};
    EXPECT_NE(world.mistakes().find("captcha-verify must be PROVIDER=https://"), std::string::npos) << bad;
  }
}

TEST(Options, a_flag_wins_over_the_environment_which_wins_over_the_file) {
  World world;
  world.files["d.yaml"] = "base_domain: file.example\nbcrypt_cost: 11\nlog_level: warning\n";
  world.environment = {{"DURWARD_BASE_DOMAIN", "env.example"}, {"DURWARD_BCRYPT_COST", "12"}};
  world.flags = {{"config", "d.yaml"}, {"base-domain", "flag.example"}};
  auto settings = world.read();
  ASSERT_TRUE(settings) << world.mistakes();
  EXPECT_EQ(settings->text("base-domain"), "flag.example");
  EXPECT_EQ(settings->integer("bcrypt-cost"), 12);
  EXPECT_EQ(settings->text("log-level"), "warning");
  EXPECT_EQ(settings->source("log-level"), "file");
}

TEST(Options, repeated_flags_of_a_list_replace_the_lower_source_and_add_up) {
  World world;
  world.files["d.yaml"] = "listen: [\"0.0.0.0:443\", \"[::]:443\"]\n";
  world.flags = {{"config", "d.yaml"}};
  EXPECT_EQ(world.read()->list("listen").size(), 2u);
  world.flags.push_back({"listen", "127.0.0.1:0"});
  world.flags.push_back({"listen", "127.0.0.2:0"});
  EXPECT_EQ(world.read()->list("listen"), (std::vector<std::string>{"127.0.0.1:0", "127.0.0.2:0"}));
}

TEST(Options, all_mistakes_are_reported_at_once_with_their_place) {
  World world;
  world.files["d.yaml"] =
      "base_domain: x.example\nbase_domian: y\nbcrypt_cost: 99\nrole: [login]\nbase_domain: z\n";
  world.environment = {{"DURWARD_BCRYPT_COST", "x"}};
  world.flags = {{"config", "d.yaml"},
                 {"plain-htp", "true"},
                 {"access-log", "maybe"},
                 {"listen", "nowhere"},
                 {"metrics-from", "everybody"}};
  const std::string mistakes = world.mistakes();
  for (const char* expected :
       {"d.yaml:2: base_domian is not a setting", "d.yaml:3: bcrypt_cost must be a whole number from 4 to 16",
        "DURWARD_BCRYPT_COST must be a whole number", "d.yaml:4: role must be one of",
        "d.yaml:5: base_domain is given twice", "--plain-htp is not an option",
        "--access-log must be true or false", "--listen must be HOST:PORT",
        "--metrics-from must be addresses or CIDR blocks"})
    EXPECT_NE(mistakes.find(expected), std::string::npos) << expected << "\nin\n" << mistakes;
}

TEST(Options, unknown_names_of_the_environment_are_told_and_ignored) {
  World world;
  world.environment = {{"DURWARD_SERVICE_HOST", "10.0.0.1"}};
  EXPECT_EQ(world.read()->ignored(), std::vector<std::string>{"DURWARD_SERVICE_HOST"});
}

TEST(Options, a_broken_file_is_named_with_its_line) {
  World world;
  world.files["d.yaml"] = "listen: [a\nb: }\n";
  world.flags = {{"config", "d.yaml"}};
  EXPECT_NE(world.mistakes().find("d.yaml:"), std::string::npos);
  world.flags = {{"config", "gone.yaml"}};
  EXPECT_NE(world.mistakes().find("gone.yaml cannot be read"), std::string::npos);
}

TEST(Options, a_secret_comes_from_a_file_and_is_never_shown) {
  World world;
  world.files["key"] = "  c2VjcmV0\n";
  world.flags = {{"master-key", "@key"}};
  auto settings = world.read();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->text("master-key"), "c2VjcmV0");
  EXPECT_EQ(json::serialize(settings->shown()).find("c2VjcmV0"), std::string::npos);

  world.flags.clear();
  world.environment = {{"DURWARD_SMTP_PASSWORD_FILE", "key"}};
  EXPECT_EQ(world.read()->text("smtp-password"), "c2VjcmV0");
  world.environment = {{"DURWARD_SMTP_PASSWORD", "@missing"}};
  EXPECT_NE(world.mistakes().find("missing cannot be read"), std::string::npos);
}

TEST(Options, what_belongs_to_one_run_is_refused_in_a_file_and_in_the_environment) {
  World world;
  world.files["d.yaml"] = "ephemeral: true\n";
  world.flags = {{"config", "d.yaml"}};
  EXPECT_NE(world.mistakes().find("can only be given as the flag --ephemeral"), std::string::npos);
}

TEST(Options, a_standing_clock_and_repeatable_randomness_need_ephemeral) {
  World world;
  world.flags = {{"fixed-time", "2026-01-01T00:00:00Z"}, {"seed-random", "7"}};
  const std::string mistakes = world.mistakes();
  EXPECT_NE(mistakes.find("--fixed-time"), std::string::npos);
  EXPECT_NE(mistakes.find("--seed-random"), std::string::npos);
  world.flags.push_back({"ephemeral", "true"});
  EXPECT_EQ(world.mistakes(), "none");
}

TEST(Options, contradictions_between_options_are_mistakes) {
  World world;
  world.flags = {{"tls-cert", "c.pem"}};
  EXPECT_NE(world.mistakes().find("belong together"), std::string::npos);
  world.flags = {{"tls-cert", "c.pem"}, {"tls-key", "k.pem"}, {"plain-http", "true"}};
  EXPECT_NE(world.mistakes().find("contradicts"), std::string::npos);
  world.flags = {{"ephemeral", "true"}, {"store", "sqlite:x.db"}};
  EXPECT_NE(world.mistakes().find("contradicts store"), std::string::npos);
}

TEST(Options, a_replica_belongs_to_a_store_that_has_one_and_its_url_holds_no_password) {
  World world;
  world.flags = {{"store", "postgres://a@h/d"}, {"store-replica", "postgres://a@h2/d"}};
  EXPECT_EQ(world.mistakes(), "none");
  world.flags = {{"store-replica", "postgres://a@h2/d"}};
  EXPECT_NE(world.mistakes().find("store-replica needs store postgres://"), std::string::npos);
  world.flags = {{"store", "postgres://a@h/d"}, {"store-replica", "sqlite:x.db"}};
  EXPECT_NE(world.mistakes().find("store-replica must be postgres://"), std::string::npos);
  world.flags = {{"store", "postgres://a@h/d"}, {"store-replica", "postgres://a:hunter2@h2/d"}};
  EXPECT_NE(world.mistakes().find("store-replica is refused"), std::string::npos);
  EXPECT_EQ(world.mistakes().find("hunter2"), std::string::npos);
}

TEST(Options, the_store_is_one_of_the_engines_and_its_url_holds_no_password) {
  World world;
  for (const char* good :
       {"sqlite:x.db", "postgres://durward@db1:5432,db2:5433/durward?sslmode=verify-full"}) {
    world.flags = {{"store", good}};
    EXPECT_EQ(world.mistakes(), "none");
  }
  world.flags = {{"store", "mysql://x"}};
  EXPECT_NE(world.mistakes().find("must be sqlite:PATH or postgres://"), std::string::npos);
  for (const char* bad : {"postgres://durward:hunter2@db/durward", "postgres://db/durward?password=hunter2",
                          "postgres://durward:hunter2%zz@db/durward"}) {
    world.flags = {{"store", bad}};
    EXPECT_NE(world.mistakes().find("store is refused"), std::string::npos) << bad;
    EXPECT_EQ(world.mistakes().find("hunter2"), std::string::npos) << "a mistake never repeats a password";
  }
}

TEST(Options, event_brokers_are_addresses_without_passwords) {
  World world;
  world.flags = {{"events", "nats://a:4222,tls://b:4222"}};
  ASSERT_EQ(world.mistakes(), "none");
  EXPECT_EQ(world.read()->list("events").size(), 2u);
  world.flags = {{"events", "localhost:4222"}};
  EXPECT_NE(world.mistakes().find("must begin with nats:// or tls://"), std::string::npos);
  world.flags = {{"events", "nats://user:hunter2@a:4222"}};
  EXPECT_NE(world.mistakes().find("must not hold a password"), std::string::npos);
  EXPECT_EQ(world.mistakes().find("hunter2"), std::string::npos);
  world.flags = {{"events", "nats://a:4222"}, {"events-user", "u"}};
  EXPECT_NE(world.mistakes().find("belong together"), std::string::npos);
}

TEST(Options, names_are_unique_and_documented) {
  std::set<std::string_view> names;
  for (const Option& option : options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.doc.empty()) << option.name;
  }
}

TEST(Options, the_hashing_role_is_named_by_https_urls_or_local) {
  World world;
  world.flags = {{"hasher", "https://a.internal:8500,https://b.internal:8500"}};
  EXPECT_EQ(world.mistakes(), "none");
  for (const char* bad :
       {"http://a.internal:8500", "a.internal", "local,https://a.internal", "https://a.internal/path"}) {
    world.flags = {{"hasher", bad}};
    EXPECT_NE(world.mistakes().find("hasher must be local or https://HOST:PORT"), std::string::npos) << bad;
  }
}

TEST(Options, a_process_that_only_hashes_needs_an_internal_listener_and_asks_nobody) {
  World world;
  world.flags = {{"role", "hashing"}};
  EXPECT_NE(world.mistakes().find("without internal-listen"), std::string::npos);
  world.flags = {{"role", "hashing"}, {"internal-listen", "127.0.0.1:0"}};
  EXPECT_EQ(world.mistakes(), "none");
  world.flags.emplace_back("hasher", "https://a.internal");
  EXPECT_NE(world.mistakes().find("but this process is one of them"), std::string::npos);
  world.flags = {{"role", ""}};
  EXPECT_NE(world.mistakes().find("at least one role"), std::string::npos);
}

TEST(Options, the_extensions_role_is_named_by_https_urls_or_local_and_asks_nobody) {
  World world;
  world.flags = {{"extensions", "https://a.internal:8600"}};
  EXPECT_EQ(world.mistakes(), "none");
  world.flags = {{"extensions", "http://a.internal:8600"}};
  EXPECT_NE(world.mistakes().find("extensions must be local or https://HOST:PORT"), std::string::npos);
  world.flags = {{"role", "extensions"}, {"internal-listen", "127.0.0.1:0"}};
  EXPECT_EQ(world.mistakes(), "none");
  world.flags.emplace_back("extensions", "https://a.internal");
  EXPECT_NE(world.mistakes().find("extensions names other servers"), std::string::npos);
}

TEST(Options, what_code_may_reach_besides_is_an_address_a_block_or_one_service) {
  World world;
  world.flags = {{"egress-allow", "10.0.0.0/8,::1,db.internal:5432"}};
  EXPECT_EQ(world.mistakes(), "none");
  world.flags = {{"egress-allow", "db.internal"}};
  EXPECT_NE(world.mistakes().find("--egress-allow must be addresses"), std::string::npos);
}

TEST(Options, a_redis_that_is_none_is_refused) {
  World world;
  world.flags = {{"redis", "localhost:6379"}};
  EXPECT_NE(world.mistakes().find("redis: redis must be redis://HOST:PORT"), std::string::npos)
      << world.mistakes();
}

}  // namespace
}  // namespace durward::server
