#include "adapters/sandbox/frames.h"

#include <gtest/gtest.h>

namespace durward::adapters::sandbox {
namespace {

std::vector<std::string> all_of(FrameReader& reader) {
  std::vector<std::string> out;
  for (auto next = reader.next(); next && *next; next = reader.next()) out.emplace_back(**next);
  return out;
}

TEST(Frames, a_stream_is_cut_where_frames_end_however_its_bytes_arrive) {
  const std::string stream = frame_of(R"({"a":1})") + frame_of("{}") + frame_of(std::string(70'000, 'x'));
  for (const size_t piece : {size_t(1), size_t(3), size_t(4096), stream.size()}) {
    FrameReader reader;
    std::vector<std::string> found;
    for (size_t at = 0; at < stream.size(); at += piece) {
      reader.append(std::string_view(stream).substr(at, piece));
      for (auto& frame : all_of(reader)) found.push_back(std::move(frame));
    }
    ASSERT_EQ(found.size(), 3u) << piece;
    EXPECT_EQ(found[0], R"({"a":1})");
    EXPECT_EQ(found[2].size(), 70'000u);
  }
}

TEST(Frames, an_empty_or_too_long_frame_ends_the_stream) {
  for (const std::string& header :
       {std::string("\0\0\0\0", 4), std::string("\0\x40\0\x01", 4), std::string("\xff\xff\xff\xff", 4)}) {
    FrameReader reader;
    reader.append(header);
    const auto next = reader.next();
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code, "bad_frame");
  }
}

TEST(Frames, each_message_of_a_worker_is_read) {
  EXPECT_EQ(parse_message(R"({"type":"ready","protocol":1})")->type, Message::Type::ready);
  const auto console =
      parse_message(R"({"type":"console","id":7,"script":1,"level":"warn","text":"hi","at":5})");
  ASSERT_TRUE(console);
  EXPECT_EQ(console->id, 7);
  EXPECT_EQ(console->script, 1);
  EXPECT_EQ(console->line.text, "hi");
  const auto result = parse_message(
      R"({"type":"result","id":7,"script":0,"result":{"id":"a","name":"n","started_at":1,"ended_at":2,)"
      R"("commands":[{"name":"x.y","args":[1]}],"error":{"kind":"thrown","name":"Error","message":"m","stack":"s","members":{"a":1}}}})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->result.commands.size(), 1u);
  ASSERT_TRUE(result->result.error);
  EXPECT_EQ(result->result.error->message, "m");
  const auto done = parse_message(R"({"type":"done","id":7,"output":{"user":{}}})");
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->output.contains("user"));
  const auto call = parse_message(R"({"type":"call","call":3,"method":"connect","params":{"host":"a"}})");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->method, "connect");
}

TEST(Frames, what_is_not_the_protocol_is_refused) {
  for (const char* text :
       {"", "[]", "nonsense", R"({"type":"other"})", R"({"type":"console","id":0,"script":0,"level":"log"})",
        R"({"type":"console","id":1,"script":-1,"level":"log","text":""})",
        R"({"type":"console","id":1,"script":0,"level":"loud","text":""})", R"({"type":"done","id":"1"})",
        R"({"type":"result","id":1,"script":0})",
        R"({"type":"result","id":1,"script":0,"result":{"commands":{}}})",
        R"({"type":"result","id":1,"script":0,"result":{"commands":[{"name":"x"}]}})",
        R"({"type":"result","id":1,"script":0,"result":{"commands":[],"error":{"kind":"mine"}}})",
        R"({"type":"result","id":1,"script":0,"result":{"commands":[],"error":"x"}})",
        R"({"type":"call","call":1,"method":"connect"})", R"({"type":"done","id":1,"id":2})"}) {
    const auto message = parse_message(text);
    ASSERT_FALSE(message) << text;
    EXPECT_EQ(message.error().code, "bad_frame");
  }
}

TEST(Frames, a_run_names_what_was_loaded_and_carries_what_may_not_be_remembered) {
  auto kept = std::make_shared<domain::Script>();
  kept->id = "a1";
  kept->digest = "d1";
  kept->code = "kept code";
  kept->secrets = {{"KEY", "s"}};
  auto draft = std::make_shared<domain::Script>();
  draft->id = "a2";
  draft->code = "draft code";
  ports::ScriptCall call{.trigger = "post-login", .handler = "onExecutePostLogin"};
  call.scripts = {kept, draft};
  call.input = {{"event", json::Object()}};
  const auto run = json::parse_object(run_message(9, run_body(call))).value();
  EXPECT_EQ(json::integer(run, "id"), 9);
  EXPECT_EQ(json::string(run, "contract"), "action");
  const auto& scripts = *json::array(run, "scripts");
  EXPECT_FALSE(scripts[0].as_object().contains("code"));
  EXPECT_EQ(json::string(scripts[0].as_object(), "digest"), "d1");
  EXPECT_EQ(json::string(scripts[1].as_object(), "code"), "draft code");
  EXPECT_EQ(json::string(json::parse_object(load_message(call.contract, *kept)).value(), "code"),
            "kept code");
}

}  // namespace
}  // namespace durward::adapters::sandbox
