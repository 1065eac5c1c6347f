#include "http/router.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

Router table() {
  Router router;
  router.add(Method::get, "/", 1);
  router.add(Method::get, "/api/v2/users", 2);
  router.add(Method::post, "/api/v2/users", 3);
  router.add(Method::get, "/api/v2/users/{id}", 4);
  router.add(Method::delete_, "/api/v2/users/{id}", 5);
  router.add(Method::post, "/api/v2/users/export", 6);
  router.add(Method::get, "/api/v2/users/{user}/roles/{role}", 7);
  router.add(Method::get, "/api/v2/{kind}/me/roles", 8);
  router.add(Method::get, "/assets/{file*}", 9);
  return router;
}

TEST(Router, matches_literals_before_parameters_and_decodes_after_splitting) {
  struct Case {
    Method method;
    std::string path;
    size_t value;
    std::string parameters;
  };
  const Case cases[] = {
      {Method::get, "/", 1, ""},
      {Method::get, "/api/v2/users", 2, ""},
      {Method::head, "/api/v2/users", 2, ""},
      {Method::get, "/api/v2/users/auth0%7C12%2F3", 4, "id=auth0%7C12%2F3"},
      {Method::get, "/api/v2/users/export", 4, "id=export"},
      {Method::post, "/api/v2/users/export", 6, ""},
      {Method::get, "/api/v2/users/a/roles/b", 7, "user=a&role=b"},
      {Method::get, "/api/v2/other/me/roles", 8, "kind=other"},
      {Method::get, "/%61pi/v2/users", 2, ""},
      {Method::get, "/assets/js/app.js", 9, "file=js%2Fapp.js"},
  };
  const Router router = table();
  for (const auto& c : cases) {
    const RouteMatch match = router.match(c.method, c.path);
    EXPECT_EQ(match.kind, RouteMatch::Kind::found) << c.path;
    EXPECT_EQ(match.value, c.value) << c.path;
    EXPECT_EQ(encode_form(match.parameters), c.parameters) << c.path;
  }
}

TEST(Router, finds_nothing_for_other_paths) {
  const Router router = table();
  for (const char* path :
       {"", "api", "/api", "/api/v2/users/", "//api/v2/users", "/api/v2/users//roles/x", "/API/v2/users",
        "/api/v2/users/%zz", "/api/v2/users/%ff", "/api/v2/users/a%00", "/api%2Fv2/users", "/assets/",
        "/assets/../x", "/assets/a%2Fb", "/assets/%2e%2e/x", "/assets/a//b"})
    EXPECT_EQ(router.match(Method::get, path).kind, RouteMatch::Kind::not_found) << path;
}

TEST(Router, names_the_allowed_methods_of_a_known_path) {
  const Router router = table();
  const RouteMatch put = router.match(Method::put, "/api/v2/users");
  EXPECT_EQ(put.kind, RouteMatch::Kind::method_not_allowed);
  EXPECT_EQ(put.allow, "GET, HEAD, POST");
  EXPECT_EQ(router.match(Method::other, "/api/v2/users/export").allow, "GET, HEAD, POST, DELETE");
}

TEST(Router, refuses_a_table_that_is_wrong) {
  for (const char* pattern :
       {"", "a", "/a{b}", "/{}", "/{*}", "/{a*}/b", "/{a}{b}", "/{a{b}}", "/api/v2/users/{other}"}) {
    Router router = table();
    EXPECT_THROW(router.add(Method::get, pattern, 1), std::logic_error) << pattern;
  }
  Router router;
  EXPECT_THROW(router.add(Method::other, "/a", 1), std::logic_error);
}

}  // namespace
}  // namespace durward::http
