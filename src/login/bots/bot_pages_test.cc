#include "login/bots/script.h"
#include "login/testing/page_world.h"

// The pages with a challenge, as a browser meets them.
namespace durward::login {
namespace {

using testing::Browser;
using testing::form;
using testing::location_of;
using Types = std::vector<std::string>;

std::string attribute(const std::string& html, const std::string& name) {
  const size_t at = html.find(name + "=\"");
  if (at == html.npos) return {};
  const size_t begin = at + name.size() + 2;
  return html.substr(begin, html.find('"', begin) - begin);
}
// The value of the hidden field that carries the written challenge.
std::string written_token(const std::string& html) {
  const size_t at = html.find("name=\"captcha_token\"");
  return at == html.npos ? "" : attribute(html.substr(at), "value");
}
std::string sum_of(const std::string& html) {
  static const std::vector<std::string> words = {"zero", "one", "two",   "three", "four",
                                                 "five", "six", "seven", "eight", "nine"};
  const size_t at = html.find("What is ");
  const size_t plus = html.find(" plus ", at), end = html.find('?', plus);
  const auto value = [&](std::string word) { return std::ranges::find(words, word) - words.begin(); };
  return std::to_string(value(html.substr(at + 8, plus - at - 8)) +
                        value(html.substr(plus + 6, end - plus - 6)));
}

struct BotPages : testing::PageWorld {
  BotPages() { ask("always"); }
  void ask(const std::string& policy, const std::string& more = "") {
    protect("bot-detection", R"({"challenge_password_policy":")" + policy +
                                 R"(","challenge_password_reset_policy":")" + policy + "\"" + more + "}");
  }
  http::Parameters credentials(const std::string& word = "Secret-1") {
    return form({{"username", "ada@example.com"}, {"password", word}});
  }
  // One account after the other: none is locked by it.
  static http::Parameters wrong_for(int i) {
    return form({{"username", "user" + std::to_string(i) + "@example.com"}, {"password", "wrong"}});
  }
  static http::Parameters with(http::Parameters fields, const std::string& token, const std::string& answer) {
    fields.add("captcha_token", token);
    fields.add("captcha", answer);
    return fields;
  }
  static http::Parameters solved(http::Parameters fields, const std::string& html) {
    return with(std::move(fields), attribute(html, "data-token"),
                solve_proof(attribute(html, "data-seed"), std::stoi(attribute(html, "data-bits"))));
  }
  std::string outcome() const {
    for (auto it = state.log.rbegin(); it != state.log.rend(); ++it)
      if (it->second.type == "pla") return json::string_or(it->second.details, "outcome");
    return {};
  }
};

TEST_F(BotPages, an_untouched_tenant_asks_a_quiet_browser_nothing) {
  configuration.protection = domain::AttackProtection::from_documents({});
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto page = person.get(url);
  EXPECT_EQ(page.body.find("challenge"), std::string::npos);
  EXPECT_EQ(page.headers.get("Content-Security-Policy").find("script-src"), std::string_view::npos);
  EXPECT_EQ(location_of(person.post(url, credentials())), "https://app.example/cb");
  EXPECT_EQ(log_types(), Types{"s"});
}

TEST_F(BotPages, a_proof_of_work_signs_in) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto page = person.get(url);
  EXPECT_NE(page.body.find("src=\"" + challenge_script_url()), std::string::npos);
  EXPECT_NE(page.headers.get("Content-Security-Policy").find("script-src 'nonce-"), std::string_view::npos);
  EXPECT_EQ(location_of(person.post(url, solved(credentials(), page.body))), "https://app.example/cb");
  EXPECT_EQ(log_types(), (Types{"pla", "s"}));
  EXPECT_EQ(outcome(), "The challenge was answered.");
}

TEST_F(BotPages, without_an_answer_the_password_is_not_looked_at) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto answer = person.post(url, credentials());
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("Please confirm that you are a person"), std::string::npos);
  EXPECT_FALSE(attribute(answer.body, "data-token").empty());
  EXPECT_EQ(state.reads, 0);
  EXPECT_EQ(log_types(), Types{"pla"});
  EXPECT_EQ(location_of(person.post(url, solved(credentials(), answer.body))), "https://app.example/cb");
}

TEST_F(BotPages, an_answer_counts_once) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto fields = solved(credentials("wrong"), person.get(url).body);
  EXPECT_NE(person.post(url, fields).body.find("Wrong email or password."), std::string::npos);
  const auto again = person.post(url, fields);
  EXPECT_NE(again.body.find("used already or is too old"), std::string::npos);
  EXPECT_EQ(outcome(), "The challenge had been answered before.");
  EXPECT_EQ(state.last_log().type, "f");
}

TEST_F(BotPages, an_answer_that_is_too_old_is_refused) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto fields = solved(credentials(), person.get(url).body);
  clock.advance(challenge_life);
  EXPECT_NE(person.post(url, fields).body.find("used already or is too old"), std::string::npos);
  EXPECT_EQ(outcome(), "The challenge had expired.");
  EXPECT_EQ(log_types(), (Types{"pla", "f"}));
}

TEST_F(BotPages, an_answer_to_the_challenge_of_another_browser_or_form_is_refused) {
  auto other = browser();
  const auto page = other.get(location_of(other.get("/begin")));
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  EXPECT_EQ(person.post(url, solved(credentials(), page.body)).status, 400);
  EXPECT_EQ(outcome(), "The challenge was made for another form, browser or tenant.");
  screen_hint = "signup";
  const auto signup = person.get(location_of(person.get("/begin")));
  screen_hint = "";
  EXPECT_EQ(person.post(url, solved(credentials(), signup.body)).status, 400);
  EXPECT_EQ(log_types(), (Types{"pla", "f", "pla", "f"}));
  EXPECT_TRUE(state.sessions.empty());
}

TEST_F(BotPages, a_wrong_proof_is_refused) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto page = person.get(url);
  const auto answer = person.post(url, with(credentials(), attribute(page.body, "data-token"), "ffffffff"));
  EXPECT_NE(answer.body.find("not right"), std::string::npos);
  EXPECT_EQ(outcome(), "The answer to the challenge was wrong.");
}

TEST_F(BotPages, without_scripts_a_question_is_answered_after_a_while) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto page = person.get(url).body;
  const auto fields = with(credentials(), written_token(page), sum_of(page));
  const auto early = person.post(url, fields).body;
  EXPECT_NE(early.find("very fast"), std::string::npos);
  clock.advance(written_wait);
  EXPECT_NE(person.post(url, fields).body.find("used already"), std::string::npos);
  EXPECT_EQ(location_of(person.post(url, with(credentials(), written_token(early), sum_of(early)))),
            "https://app.example/cb");
}

TEST_F(BotPages, of_the_few_answers_to_a_question_one_can_be_tried) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto page = person.get(url).body;
  clock.advance(written_wait);
  EXPECT_NE(person.post(url, with(credentials(), written_token(page), "1")).body.find("not right"),
            std::string::npos);
  person.post(url, with(credentials(), written_token(page), sum_of(page)));
  EXPECT_EQ(outcome(), "The challenge had been answered before.");
}

TEST_F(BotPages, an_address_answers_thirty_questions_and_then_needs_scripts) {
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  std::string page = person.get(url).body;
  for (int i = 0; i < 31; ++i) {
    const auto token = written_token(page), answer = sum_of(page);
    clock.advance(written_wait);
    page = person.post(url, with(wrong_for(i), token, answer)).body;
  }
  EXPECT_EQ(outcome(), "Too many questions were answered from this address.");
  EXPECT_EQ(location_of(person.post(url, solved(credentials(), page))), "https://app.example/cb");
}

TEST_F(BotPages, a_picture_is_for_tenants_that_want_one) {
  protect("captcha", R"({"active_provider_id":"simple_captcha"})");
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto page = person.get(url).body;
  EXPECT_NE(page.find("<img class=\"picture\" src=\"data:image/svg+xml;base64,"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  clock.advance(written_wait);
  EXPECT_EQ(location_of(person.post(url, with(credentials(), written_token(page), sum_of(page)))),
            "https://app.example/cb");
}

TEST_F(BotPages, sign_up_and_reset_ask_too) {
  screen_hint = "signup";
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  const auto fields = form({{"email", "mary@example.com"}, {"password", "Quite-Fresh-7"}});
  const auto refused = person.post(url, fields);
  EXPECT_NE(refused.body.find("Please confirm"), std::string::npos);
  EXPECT_EQ(location_of(person.post(url, solved(fields, refused.body))), "https://app.example/cb");

  screen_hint = "";
  auto forgetful = browser();
  const auto login = location_of(forgetful.get("/begin"));
  const auto reset = "/u/reset-password/request/db" + login.substr(login.find('?'));
  const auto page = forgetful.get(reset);
  EXPECT_FALSE(attribute(page.body, "data-token").empty());
  EXPECT_EQ(forgetful.post(reset, form({{"email", "ada@example.com"}})).status, 400);
  EXPECT_EQ(mails("reset_email"), 0);
  EXPECT_EQ(forgetful.post(reset, solved(form({{"email", "ada@example.com"}}), page.body)).status, 200);
  EXPECT_EQ(mails("reset_email"), 1);
}

TEST_F(BotPages, failures_of_an_address_bring_the_challenge_and_fade) {
  ask("when_risky", R"(,"bot_detection_level":"high")");
  auto person = browser();
  person.extra.set("Accept-Language", "en");
  const auto url = location_of(person.get("/begin"));
  std::string page;
  for (int i = 0; i < 10; ++i) page = person.post(url, wrong_for(i)).body;
  EXPECT_FALSE(attribute(page, "data-token").empty());
  EXPECT_NE(person.post(url, credentials()).body.find("Please confirm"), std::string::npos);
  const auto& record = state.last_log();
  EXPECT_EQ(record.type, "pla");
  EXPECT_EQ(json::string_or(record.details, "confidence"), "medium");
  clock.advance(Seconds(130));
  EXPECT_EQ(location_of(person.post(url, credentials())), "https://app.example/cb");
}

TEST_F(BotPages, monitoring_only_tells) {
  ask("always", R"(,"monitoring_mode_enabled":true)");
  auto person = browser();
  const auto url = location_of(person.get("/begin"));
  EXPECT_EQ(person.get(url).body.find("challenge"), std::string::npos);
  EXPECT_EQ(location_of(person.post(url, credentials())), "https://app.example/cb");
  EXPECT_EQ(log_types(), (Types{"pla", "s"}));
  EXPECT_FALSE(json::boolean_or(state.log.begin()->second.details, "challenged", true));
}

TEST_F(BotPages, addresses_of_the_allow_list_are_not_asked) {
  ask("always", R"(,"allowlist":["192.0.2.0/24"])");
  auto person = browser();
  EXPECT_EQ(location_of(person.post(location_of(person.get("/begin")), credentials())),
            "https://app.example/cb");
}

TEST_F(BotPages, without_a_provider_nobody_is_asked) {
  protect("captcha", R"({"active_provider_id":""})");
  auto person = browser();
  EXPECT_EQ(location_of(person.post(location_of(person.get("/begin")), credentials())),
            "https://app.example/cb");
}

TEST_F(BotPages, the_script_is_small_and_can_be_kept) {
  const auto answer = browser().get("/u/challenge.js");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.headers.get("Content-Type").starts_with("text/javascript"));
  EXPECT_NE(answer.headers.get("Cache-Control").find("immutable"), std::string_view::npos);
  EXPECT_LT(answer.body.size(), 4096u);
}

// ---- spent challenges while the shared cache is away

struct AwayCache : testing::MapCache {
  bool away = false;
  Async<bool> put_if_absent(std::string key, std::string value, Milliseconds life) override {
    if (away) co_return fail(ErrorKind::unavailable, "redis_away");
    co_return co_await MapCache::put_if_absent(std::move(key), std::move(value), life);
  }
};

TEST_F(BotPages, what_is_spent_cannot_be_known_while_the_cache_is_away_and_the_setting_decides) {
  AwayCache gone;
  gone.away = true;
  const ports::Services without{clock,   random,      sequence,  configuration, tenants,        documents,
                                users,   assignments, sessions,  codes,         refresh_tokens, grants,
                                tickets, logs,        committer, vault,         hasher,         metrics,
                                limiter, gone,        breached,  flags,         state.blocks,   scripts,
                                modules, executions,  deliveries};
  BotGuard guard(without);
  const BotAttempt attempt{.context = context(), .scope = "t", .from_page = true};
  const auto answer = [&] {
    const auto view = run_sync(guard.offer(attempt)).value().value();
    return ChallengeAnswer{view.proof_token, solve_proof(view.seed, view.bits)};
  };
  EXPECT_EQ(run_sync(guard.judge(attempt, answer())).value().flaw, Flaw::unavailable);
  protect("captcha", R"({"active_provider_id":"auth_challenge","auth_challenge":{"fail_open":true}})");
  EXPECT_EQ(run_sync(guard.judge(attempt, answer())).value().flaw, std::nullopt);
  gone.away = false;
  EXPECT_EQ(run_sync(guard.judge(attempt, answer())).value().flaw, std::nullopt);
}

// ---- captcha providers

struct FakeFetcher : ports::Fetcher {
  Result<ports::Fetched> reply = ports::Fetched{200, R"({"success":true})"};
  std::vector<ports::Outbound> asked;
  Async<ports::Fetched> post(ports::Outbound request, Milliseconds) override {
    asked.push_back(std::move(request));
    co_return reply;
  }
};

struct ForeignCaptcha : BotPages {
  FakeFetcher fetcher;
  ForeignCaptcha() {
    furnish({.fetcher = &fetcher, .verify_urls = {{"hcaptcha", "https://verify.test/h"}}});
    protect("captcha", R"({"active_provider_id":"hcaptcha","hcaptcha":{"site_key":"k","secret":"s"}})");
  }
  http::Response sign_in(const std::string& field, const std::string& answer) {
    auto person = browser();
    auto fields = credentials();
    if (!answer.empty()) fields.add(field, answer);
    return person.post(location_of(person.get("/begin")), fields);
  }
};

TEST_F(ForeignCaptcha, its_script_and_sources_are_on_the_page_and_nowhere_else) {
  auto person = browser();
  const auto page = person.get(location_of(person.get("/begin")));
  EXPECT_NE(page.body.find("class=\"h-captcha\" data-sitekey=\"k\""), std::string::npos);
  EXPECT_NE(page.body.find("src=\"https://js.hcaptcha.com/1/api.js\""), std::string::npos);
  const std::string policy(page.headers.get("Content-Security-Policy"));
  EXPECT_NE(policy.find("script-src 'nonce-"), std::string::npos);
  EXPECT_NE(policy.find("https://*.hcaptcha.com"), std::string::npos);
  EXPECT_EQ(policy.find("google"), std::string::npos);
  EXPECT_EQ(page.body.find("\"s\""), std::string::npos);  // the secret
}

TEST_F(ForeignCaptcha, its_answer_is_verified_where_the_installation_says) {
  EXPECT_EQ(location_of(sign_in("h-captcha-response", "yes")), "https://app.example/cb");
  ASSERT_EQ(fetcher.asked.size(), 1u);
  EXPECT_EQ(fetcher.asked[0].url, "https://verify.test/h");
  EXPECT_EQ(fetcher.asked[0].body, "secret=s&response=yes&remoteip=192.0.2.1&sitekey=k");
}

TEST_F(ForeignCaptcha, a_refused_answer_and_none_do_not_sign_in) {
  fetcher.reply = ports::Fetched{200, R"({"success":false})"};
  EXPECT_EQ(sign_in("h-captcha-response", "no").status, 400);
  EXPECT_EQ(outcome(), "The captcha provider refused the answer.");
  EXPECT_EQ(sign_in("", "").status, 400);
  EXPECT_EQ(fetcher.asked.size(), 1u);
  fetcher.reply = ports::Fetched{200, "<html>"};
  EXPECT_EQ(sign_in("h-captcha-response", "no").status, 400);
  EXPECT_TRUE(state.sessions.empty());
}

TEST_F(ForeignCaptcha, that_is_away_lets_in_only_where_the_setting_says_so) {
  fetcher.reply = fail(ErrorKind::unavailable, "timed_out");
  EXPECT_NE(sign_in("h-captcha-response", "x").body.find("busy"), std::string::npos);
  EXPECT_EQ(outcome(), "The answer to the challenge could not be checked.");
  protect("captcha",
          R"({"active_provider_id":"arkose","arkose":{"site_key":"k","secret":"s","fail_open":true}})");
  EXPECT_EQ(location_of(sign_in("arkose-token", "x")), "https://app.example/cb");
}

}  // namespace
}  // namespace durward::login
