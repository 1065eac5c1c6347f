#include "connections/database/foreign_table.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "tokens/testing/world.h"

namespace durward::connections::database {
namespace {

struct ForeignPeople : ::testing::Test, testing::World {
  Database database{services};
  std::map<std::string, ports::ScriptOutcome> answers;  // by script

  ForeignPeople() {
    scripts.played = [this](domain::TenantId, const ports::ScriptCall& call) -> Result<ports::ScriptOutcome> {
      const auto answer = answers.find(call.trigger);
      if (answer == answers.end()) return ports::ScriptOutcome();
      return answer->second;
    };
    knows({{"user_id", "7"}, {"email", "Ada@Example.com"}, {"email_verified", true}, {"name", "Ada"}});
  }

  static ports::ScriptOutcome gives(json::Value value) {
    return {.results = {{}}, .output = {{"arguments", json::Array{std::move(value)}}}};
  }
  static ports::ScriptOutcome fails(std::string kind, std::string name = "Error",
                                    std::string message = "oops", json::Object members = {}) {
    ports::ScriptResult result;
    result.error = ports::ScriptError{.kind = std::move(kind),
                                      .name = std::move(name),
                                      .message = std::move(message),
                                      .stack = {},
                                      .members = std::move(members)};
    ports::ScriptOutcome out;
    out.results.push_back(std::move(result));
    return out;
  }
  void knows(json::Object profile) { answers["login"] = answers["get_user"] = gives(std::move(profile)); }

  std::shared_ptr<const domain::Connection> connection(bool imports = false) {
    json::Object all;
    for (const auto name : {"login", "get_user", "create", "verify", "change_password", "delete",
                            "change_email", "change_username", "change_phone_number"})
      all[name] = std::string("function ") + name + "() {}";
    return std::make_shared<const domain::Connection>(
        domain::Connection::from_json({{"id", "con_theirs"},
                                       {"name", "theirs"},
                                       {"strategy", "auth0"},
                                       {"options", json::Object{{"enabledDatabaseCustomization", true},
                                                                {"import_mode", imports},
                                                                {"configuration", json::Object{{"URL", "u"}}},
                                                                {"customScripts", std::move(all)}}}}));
  }
  PasswordOutcome sign_in(bool imports = false) {
    return run_sync(database.verify_password({1}, connection(imports), "ada@example.com", "Secret-1"))
        .value();
  }
  template <class T>
  static const T* find(const ports::Writes& writes) {
    for (const auto& write : writes)
      if (const auto* found = std::get_if<T>(&write)) return found;
    return nullptr;
  }
  template <class Ask>
  std::string refusal(Ask ask) {
    const auto theirs = connection();
    ForeignTable table(services, {1}, *theirs);
    const auto answer = run_sync(ask(table));
    return answer ? "" : answer.error().code;
  }
};

// ---- profiles

TEST(UserOfProfile, takes_what_it_knows_and_nothing_of_another_type) {
  const auto user = user_of_profile({{"user_id", "7"},
                                     {"email", "ada@example.com"},
                                     {"email_verified", true},
                                     {"phone_verified", false},
                                     {"nickname", "ada"},
                                     {"name", 7},
                                     {"app_metadata", json::Object{{"plan", "gold"}}},
                                     {"user_metadata", "text"},
                                     {"blocked", true},
                                     {"password", "p"}});
  ASSERT_TRUE(user);
  EXPECT_EQ(user->user_id, "7");
  EXPECT_TRUE(user->email_verified);
  EXPECT_EQ(user->phone_verified, false);
  EXPECT_EQ(user->attributes,
            (json::Object{{"nickname", "ada"}, {"app_metadata", json::Object{{"plan", "gold"}}}}));
  EXPECT_TRUE(user->password.empty());
}

TEST(UserOfProfile, needs_an_id_that_is_a_text_of_reasonable_length) {
  for (const json::Object& profile :
       {json::Object(), json::Object{{"user_id", 7}}, json::Object{{"user_id", ""}},
        json::Object{{"user_id", std::string(129, 'x')}}})
    EXPECT_EQ(user_of_profile(profile).error().code, "invalid_profile");
  EXPECT_TRUE(user_of_profile({{"user_id", std::string(128, 'x')}}));
}

// ---- what scripts are handed, and what their errors mean

TEST_F(ForeignPeople, a_script_is_handed_its_arguments_and_the_configuration) {
  ASSERT_TRUE(sign_in());
  ASSERT_EQ(scripts.calls.size(), 1u);
  const auto& call = scripts.calls[0];
  EXPECT_EQ(call.contract, ports::Contract::database);
  EXPECT_EQ(call.trigger, "login");
  EXPECT_EQ(call.input.at("arguments").as_array(), (json::Array{"ada@example.com", "Secret-1"}));
  EXPECT_EQ(call.input.at("configuration").as_object(), (json::Object{{"URL", "u"}}));
  EXPECT_FALSE(call.input.contains("context"));
  EXPECT_FALSE(call.scripts.at(0)->digest.empty());
}

TEST_F(ForeignPeople, an_error_of_login_says_whether_the_person_is_known) {
  const auto log_type = [&](ports::ScriptOutcome outcome) {
    answers["login"] = std::move(outcome);
    const auto refused = sign_in();
    return refused ? "" : refused.error().error.code + " " + refused.error().log_type;
  };
  constexpr auto wrong = "WrongUsernameOrPasswordError";
  EXPECT_EQ(log_type(fails("thrown", wrong, "", {{"user", "ada"}})), "invalid_user_password fp");
  EXPECT_EQ(log_type(fails("thrown", wrong, "", {{"user", nullptr}})), "invalid_user_password fu");
  EXPECT_EQ(log_type(fails("thrown", wrong, "", {{"user", ""}})), "invalid_user_password fu");
  EXPECT_EQ(log_type(fails("thrown", "Error", "hunter2")), "invalid_user_password f");
  EXPECT_EQ(log_type(gives(nullptr)), "invalid_user_password fu");
  EXPECT_EQ(log_type(gives(json::Object{{"email", "ada@example.com"}})), "invalid_user_password f")
      << "a profile without user_id";
}

TEST_F(ForeignPeople, a_table_that_does_not_answer_is_temporary_and_a_broken_script_is_ours) {
  const auto code = [&](std::string kind) {
    answers["login"] = fails(std::move(kind));
    const auto outcome = run_sync(database.verify_password({1}, connection(), "ada@example.com", "Secret-1"));
    return outcome ? "" : outcome.error().code;
  };
  for (const std::string kind : {"timeout", "memory", "crashed"})
    EXPECT_EQ(code(kind), "temporarily_unavailable") << kind;
  for (const std::string kind : {"invalid", "output"}) EXPECT_EQ(code(kind), "script_failed") << kind;
}

TEST_F(ForeignPeople, a_worker_that_told_nothing_did_nothing) {
  answers.clear();
  EXPECT_EQ(refusal([](auto& table) { return table.create({{"email", "a@b.c"}}); }),
            "temporarily_unavailable");
  EXPECT_EQ(refusal([](auto& table) { return table.remove("7"); }), "temporarily_unavailable");
}

TEST_F(ForeignPeople, a_script_that_is_missing_is_no_success) {
  const auto plain = domain::Connection::from_json({{"name", "theirs"}, {"strategy", "auth0"}});
  ForeignTable table(services, {1}, plain);
  EXPECT_FALSE(table.has("delete"));
  EXPECT_EQ(run_sync(table.remove("7")).error().code, "script_failed");
  EXPECT_TRUE(scripts.calls.empty());
}

TEST_F(ForeignPeople, create_tells_taken_identifiers_from_other_mistakes) {
  const auto create = [](auto& table) { return table.create({{"email", "a@b.c"}}); };
  answers["create"] = fails("thrown", "ValidationError", "exists", {{"code", "user_exists"}});
  EXPECT_EQ(refusal(create), "user_exists");
  answers["create"] = fails("thrown", "ValidationError", "too short");
  EXPECT_EQ(refusal(create), "invalid_signup");
  answers["create"] = fails("thrown");
  EXPECT_EQ(refusal(create), "script_failed");
  answers["create"] = gives(nullptr);
  EXPECT_EQ(refusal(create), "");
}

TEST_F(ForeignPeople, a_change_happened_when_the_script_says_so) {
  const auto theirs = connection();
  ForeignTable table(services, {1}, *theirs);
  const auto said = [&](json::Value value) {
    answers["change_password"] = gives(std::move(value));
    return run_sync(table.change_password("ada@example.com", "New-1")).value();
  };
  EXPECT_TRUE(said(true));
  EXPECT_TRUE(said(json::Object{{"user_id", "7"}}));
  for (const json::Value& no : {json::Value(false), json::Value(nullptr), json::Value("yes"), json::Value(1)})
    EXPECT_FALSE(said(no)) << json::serialize(no);
}

// ---- people

TEST_F(ForeignPeople, who_signs_in_for_the_first_time_is_kept_here_without_a_password) {
  const auto outcome = sign_in();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->user.user_id, "auth0|7");
  const auto* insert = find<ports::InsertUser>(outcome->writes);
  ASSERT_TRUE(insert);
  EXPECT_EQ(insert->user.email(), "ada@example.com");
  EXPECT_TRUE(insert->password_hash.empty());
}

TEST_F(ForeignPeople, an_import_keeps_the_hash_and_asks_the_table_no_more) {
  const auto first = sign_in(true);
  ASSERT_TRUE(first);
  const auto* insert = find<ports::InsertUser>(first->writes);
  ASSERT_TRUE(insert);
  EXPECT_EQ(insert->password_hash, "hash:Secret-1");
  state.users["auth0|7"] = {insert->user, insert->password_hash, {}};
  ASSERT_TRUE(sign_in(true));
  EXPECT_EQ(scripts.calls.size(), 1u);
}

TEST_F(ForeignPeople, the_profile_follows_the_table_and_the_rest_stays) {
  auto& known = add_user("7", "old@example.com", "", "theirs");
  known.profile["app_metadata"] = json::Object{{"plan", "gold"}};
  const auto outcome = sign_in();
  ASSERT_TRUE(outcome);
  const auto* replace = find<ports::ReplaceUser>(outcome->writes);
  ASSERT_TRUE(replace);
  EXPECT_EQ(replace->user.email(), "ada@example.com");
  EXPECT_EQ(replace->user.profile.at("app_metadata").as_object(), (json::Object{{"plan", "gold"}}));
  state.users["auth0|7"].user = replace->user;
  EXPECT_TRUE(sign_in()->writes.empty()) << "nothing changed since";
}

TEST_F(ForeignPeople, an_id_does_not_open_the_account_of_a_person_of_another_connection) {
  add_user("7", "bob@example.com", "", "another");
  const auto outcome = sign_in();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().log_type, "f");
}

TEST_F(ForeignPeople, who_is_blocked_here_is_blocked_whatever_the_table_says) {
  add_user("7", "ada@example.com", "", "theirs").profile["blocked"] = true;
  const auto outcome = sign_in();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code, "unauthorized");
}

TEST_F(ForeignPeople, somebody_who_is_only_there_is_found_by_address) {
  const auto found =
      run_sync(database.find_person({1}, *connection(), "ada@example.com", testing::start)).value();
  ASSERT_TRUE(found);
  EXPECT_TRUE(find<ports::InsertUser>(found->writes));
  answers["get_user"] = gives(nullptr);
  EXPECT_FALSE(run_sync(database.find_person({1}, *connection(), "ada@example.com", testing::start)).value());
}

}  // namespace
}  // namespace durward::connections::database
