#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "adapters/breached/breached_file.h"
#include "adapters/breached/filter_builder.h"
#include "base/encoding.h"
#include "base/random.h"
#include "crypto/hash.h"

namespace durward::adapters {
namespace {

namespace fs = std::filesystem;

std::string hash_line(std::string_view password, int count, std::string_view end = "\n") {
  std::string hex = to_hex(crypto::sha1(password));
  for (char& c : hex) c = char(std::toupper(c));
  return hex + ":" + std::to_string(count) + std::string(end);
}

class Breached : public testing::Test {
 protected:
  Breached() { fs::create_directories(folder_); }
  ~Breached() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string put(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  std::string content(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(path(name), std::ios::binary).rdbuf();
    return out.str();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_)) out.push_back(entry.path().filename().string());
    std::ranges::sort(out);
    return out;
  }
  Result<FilterReport> build(const std::string& from, ListFormat format = ListFormat::hashes,
                             uint64_t min_count = 1) const {
    return build_filter_file({from, path("filter"), format, min_count});
  }
  std::shared_ptr<const FilterImage> image() const { return *FilterImage::open(path("filter")); }
  // The filter of a list, with something about it changed.
  std::string built() const {
    EXPECT_TRUE(build(put("list", hash_line("secret", 3) + hash_line("letmein", 9))));
    return content("filter");
  }
  Error refused(const std::string& bytes) const {
    const auto opened = FilterImage::open(put("changed", bytes));
    return opened ? Error{} : opened.error();
  }

  fs::path folder_ = fs::temp_directory_path() / ("durward-breached-" + SystemRandom().hex(12));
  FixedClock clock_{from_unix_seconds(1'800'000'000)};
};

TEST_F(Breached, a_list_of_hashes_in_any_order_becomes_a_filter) {
  const auto report = build(put("list", hash_line("zebra", 2) + hash_line("apple", 1, "\r\n") +
                                            hash_line("zebra", 2) + hash_line("mango", 7, "")));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lines, 4u);
  EXPECT_EQ(report->hashes, 3u);
  EXPECT_EQ(report->bytes, fs::file_size(path("filter")));
  for (const char* password : {"zebra", "apple", "mango"}) EXPECT_TRUE(image()->contains(password));
  EXPECT_FALSE(image()->contains("Zebra"));
  EXPECT_TRUE(image()->verify());
}

TEST_F(Breached, lower_case_hashes_and_hashes_without_a_count_are_taken) {
  ASSERT_TRUE(build(put("list", to_hex(crypto::sha1("one")) + ":5\n" + to_hex(crypto::sha1("two")) + "\n")));
  EXPECT_TRUE(image()->contains("one") && image()->contains("two"));
}

TEST_F(Breached, plain_lists_are_hashed) {
  ASSERT_TRUE(build(put("list", "correct horse\nbattery\r\n\nstaple"), ListFormat::plain));
  EXPECT_EQ(image()->header().count, 3u);
  for (const char* password : {"correct horse", "battery", "staple"})
    EXPECT_TRUE(image()->contains(password));
}

TEST_F(Breached, a_folder_of_range_files_is_a_list) {
  fs::create_directory(path("ranges"));
  for (const char* password : {"alpha", "beta"}) {
    const std::string line = hash_line(password, 4);
    put("ranges/" + line.substr(0, 5) + ".txt", line.substr(5));
  }
  ASSERT_TRUE(build(path("ranges")));
  EXPECT_TRUE(image()->contains("alpha") && image()->contains("beta"));
}

TEST_F(Breached, seldom_seen_hashes_stay_out) {
  const auto report =
      build(put("list", hash_line("often", 10) + hash_line("seldom", 9)), ListFormat::hashes, 10);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->hashes, 1u);
  EXPECT_TRUE(image()->contains("often"));
  EXPECT_FALSE(image()->contains("seldom"));
  EXPECT_EQ(image()->header().min_count, 10u);
}

TEST_F(Breached, the_same_list_gives_the_same_file) {
  const std::string first = built();
  EXPECT_EQ(first, built());
}

TEST_F(Breached, several_partitions_find_everything_and_few_strangers) {
  std::string list;
  for (int i = 0; i < 1'200'000; ++i) list += "password " + std::to_string(i) + "\n";
  const auto report = build(put("list", list), ListFormat::plain);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->partitions, 2u);
  EXPECT_LT(double(report->bytes) * 8 / 1.2e6, 19);
  const auto filter = image();
  for (int i = 0; i < 1'200'000; i += 7) ASSERT_TRUE(filter->contains("password " + std::to_string(i)));
  int strangers = 0;
  for (int i = 0; i < 300'000; ++i) strangers += filter->contains("stranger " + std::to_string(i));
  EXPECT_LT(strangers, 20);  // 4.6 are expected
}

TEST_F(Breached, bad_lines_are_named_and_nothing_is_left_behind) {
  struct Row {
    std::string list, complaint;
  };
  const std::string good = hash_line("fine", 1);
  for (const Row& row :
       {Row{good + "not a hash\n", "line 2: must be 40 hex digits"},
        Row{good + good + good.substr(1), "line 3: must be 40 hex digits"},
        Row{"\n" + good, "line 1: must be"},
        Row{good.substr(0, 40) + ":many\n", "line 1: the count must be a whole number"},
        Row{good.substr(0, 40) + ":\n", "line 1: the count"},
        Row{good + std::string(70000, 'a'), "line 2: is too long"}, Row{"", "holds no password"}}) {
    const auto report = build(put("list", row.list));
    ASSERT_FALSE(report) << row.complaint;
    EXPECT_EQ(report.error().kind, ErrorKind::invalid);
    EXPECT_NE(report.error().message.find(row.complaint), std::string::npos) << report.error().message;
    EXPECT_EQ(names(), std::vector<std::string>{"list"});
  }
}

TEST_F(Breached, a_failed_build_leaves_the_filter_that_was_there) {
  const std::string before = built();
  ASSERT_FALSE(build(put("list", "nonsense\n")));
  EXPECT_EQ(content("filter"), before);
}

TEST_F(Breached, a_list_that_is_not_there_and_a_place_that_cannot_be_written_are_errors) {
  EXPECT_EQ(build(path("nowhere")).error().kind, ErrorKind::not_found);
  const auto unwritable =
      build_filter_file({put("list", hash_line("a", 1)), path("no/such/folder/filter"), ListFormat::hashes});
  EXPECT_EQ(unwritable.error().kind, ErrorKind::unavailable);
}

TEST_F(Breached, a_folder_with_other_files_is_refused) {
  fs::create_directory(path("ranges"));
  put("ranges/readme.txt", "");
  EXPECT_EQ(build(path("ranges")).error().code, "bad_list");
  EXPECT_EQ(build(path("ranges"), ListFormat::plain).error().code, "bad_list");
}

TEST_F(Breached, files_that_are_no_filter_are_refused) {
  const std::string good = built();
  const auto changed = [&](size_t at) {
    std::string out = good;
    out[at] = char(out[at] ^ 1);
    return out;
  };
  EXPECT_EQ(refused(good).code, "");
  EXPECT_EQ(refused("").code, "bad_filter");
  EXPECT_EQ(refused(std::string(4096, 'x')).code, "bad_filter");
  EXPECT_EQ(refused(good.substr(0, good.size() - 1)).code, "bad_filter");
  EXPECT_EQ(refused(good + "x").code, "bad_filter");
  for (size_t at = 0; at < sizeof(FilterHeader) + sizeof(FilterPartition); ++at)
    EXPECT_EQ(refused(changed(at)).code, "bad_filter") << at;
  EXPECT_EQ(FilterImage::open(path("nowhere")).error().kind, ErrorKind::not_found);
}

TEST_F(Breached, a_directory_that_leads_outside_is_refused_although_its_checksum_is_right) {
  const std::string good = built();
  FilterHeader header;
  FilterPartition partition;
  std::memcpy(&header, good.data(), sizeof header);
  std::memcpy(&partition, good.data() + sizeof header, sizeof partition);
  const auto with = [&](auto change) {
    FilterPartition other = partition;
    change(other);
    const std::string directory(reinterpret_cast<const char*>(&other), sizeof other);
    FilterHeader signed_header = header;
    signed_header.checksum = checksum_of(header, directory);
    return refused(std::string(reinterpret_cast<const char*>(&signed_header), sizeof header) + directory +
                   good.substr(sizeof header + sizeof partition))
        .code;
  };
  EXPECT_EQ(with([](auto&) {}), "");
  EXPECT_EQ(with([](auto& p) { p.offset = 1u << 30; }), "bad_filter");
  EXPECT_EQ(with([](auto& p) { p.offset = UINT64_MAX - 1; }), "bad_filter");
  EXPECT_EQ(with([](auto& p) { p.offset = 0; }), "bad_filter");
  EXPECT_EQ(with([](auto& p) { p.offset += 1; }), "bad_filter");
  EXPECT_EQ(with([](auto& p) { p.segment_count = UINT32_MAX; }), "bad_filter");
  EXPECT_EQ(with([](auto& p) { p.segment_length = 3; }), "bad_filter");
}

TEST_F(Breached, damaged_slots_are_found_by_verify) {
  std::string bytes = built();
  bytes.back() = char(bytes.back() ^ 1);
  const auto opened = FilterImage::open(put("changed", bytes));
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->verify().error().code, "bad_filter");
}

TEST_F(Breached, a_file_that_takes_the_place_is_taken_over_a_minute_later) {
  ASSERT_TRUE(build(put("list", hash_line("old", 1))));
  const auto list = BreachedFile::open(path("filter"), clock_);
  ASSERT_TRUE(list);
  ASSERT_TRUE(build(put("list", hash_line("new", 1))));
  EXPECT_TRUE((*list)->contains("old"));
  clock_.advance(Seconds(61));
  EXPECT_TRUE((*list)->contains("new"));
  EXPECT_FALSE((*list)->contains("old"));
}

TEST_F(Breached, a_file_that_cannot_be_used_leaves_the_old_one_in_force) {
  ASSERT_TRUE(build(put("list", hash_line("old", 1))));
  const auto list = BreachedFile::open(path("filter"), clock_);
  put("other", "nonsense");
  fs::rename(path("other"), path("filter"));
  clock_.advance(Seconds(61));
  EXPECT_TRUE((*list)->contains("old"));
  fs::remove(path("filter"));
  clock_.advance(Seconds(61));
  EXPECT_TRUE((*list)->contains("old"));
}

TEST_F(Breached, without_a_file_the_common_passwords_are_known) {
  const CommonPasswords list;
  for (const char* password : {"password", "Password1", "123456", "qwerty", "LETMEIN"})
    EXPECT_TRUE(list.contains(password)) << password;
  EXPECT_FALSE(list.contains("tangerine ladder 7 fog"));
}

}  // namespace
}  // namespace durward::adapters
