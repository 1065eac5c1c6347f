#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "adapters/records/records.h"
#include "ports/storage/users.h"

// Searches of users as SQL text from fixed fragments, with the values beside it: the text holds a `?` for
// each value in order, and no name or value of a query ever becomes part of it. Tables are `users u` and
// `user_logins l`.
namespace durward::adapters::records {

struct UserFilter {
  std::string where;                // begins with " AND", or is empty
  std::vector<std::string> values;  // texts
};

// Appends to a filter: `column` equals `value`, or begins with it. A prefix is the range up to the last code
// point, so that an index serves it.
void add_text(UserFilter& filter, std::string_view column, const std::string& value, bool prefix);

// What differs between engines.
struct SearchDialect {
  // A scalar at this path of u.profile, or any element of an array there, compared as text in lower case.
  void (*add_metadata)(UserFilter& filter, const std::vector<std::string>& path, const std::string& value,
                       bool prefix);
  // Absent values come first, whatever the engine's own habit.
  const char *ascending = " ASC", *descending = " DESC";
};

// Creation time and row: imported users bring their own times, so rows alone are not in that order.
struct UserCheckpoint {
  int64_t created_at = INT64_MIN, row = 0;
  std::string text() const { return std::to_string(created_at) + "." + std::to_string(row); }
};

// Values of `sql`: tenant, those of `filter`, those of `after` when there is one, `limit` + 1 and `offset`.
// Of `count`: tenant and those of `filter`.
struct UserListing {
  std::string sql, count;
  UserFilter filter;
  std::optional<UserCheckpoint> after;
  int64_t limit = 0, offset = 0;
  bool says_next = false;  // pages of this list can be continued by checkpoint
};

// invalid: "invalid_query_string" for an unknown field, "invalid_sort", "invalid_paging".
Result<UserListing> listing_of(const ports::UserQuery& query, const SearchDialect& dialect);

// Pages from a cursor (step, and the functions of a Row) over user_columns and u.row.
template <class Cursor>
ports::UserPage read_user_page(Cursor& q, const UserListing& listing) {
  ports::UserPage page;
  UserCheckpoint last;
  while (q.step()) {
    if (int64_t(page.users.size()) == listing.limit) {
      if (listing.says_next) page.next = last.text();
      break;
    }
    page.users.push_back(read_user(q));
    last = {to_unix_ms(page.users.back().created_at), q.integer(user_column_count)};
  }
  return page;
}

template <class Cursor>
ports::UserPage read_member_page(Cursor& q, int64_t limit) {
  ports::UserPage page;
  int64_t last = 0;
  while (q.step()) {
    if (int64_t(page.users.size()) == limit) {
      page.next = std::to_string(last);
      break;
    }
    page.users.push_back(read_user(q));
    last = q.integer(user_column_count);
  }
  return page;
}

}  // namespace durward::adapters::records
