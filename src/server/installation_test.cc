#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <thread>

#include "base/encoding.h"
#include "crypto/x509.h"
#include "management/keys/keys.h"
#include "server/certificates.h"
#include "server/files.h"
#include "server/key_maker.h"
#include "server/master_key.h"
#include "server/serve.h"

namespace durward::server {
namespace {

class Installed : public testing::Test {
 protected:
  Installed() {
    std::string name =
        (std::filesystem::temp_directory_path() / "durward-test-").string() + SystemRandom().hex(12);
    directory = name;
  }
  ~Installed() override { std::filesystem::remove_all(directory); }

  Settings settings(std::vector<std::pair<std::string, std::string>> flags = {}) {
    flags.emplace_back("data", directory);
    SettingSources sources;
    sources.flags = std::move(flags);
    sources.read_file = read_file;
    return read_settings(sources).value();
  }
  unsigned mode_of(const std::string& path) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    return status.st_mode & 0777;
  }

  std::string directory;
  SystemRandom random;
  SystemClock clock;
};

TEST_F(Installed, the_master_key_is_made_once_and_private) {
  const auto first = master_key(settings(), random);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), master_key_size);
  EXPECT_EQ(master_key(settings(), random).value(), *first);
  EXPECT_EQ(mode_of(directory + "/master.key"), 0600u);
}

TEST_F(Installed, a_master_key_that_others_may_read_is_refused) {
  ASSERT_TRUE(master_key(settings(), random));
  ::chmod((directory + "/master.key").c_str(), 0644);
  const auto key = master_key(settings(), random);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().kind, ErrorKind::forbidden);
}

TEST_F(Installed, a_master_key_of_the_wrong_size_is_refused_without_showing_it) {
  const auto key = master_key(settings({{"master-key", "c2VjcmV0"}}), random);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().message.find("c2VjcmV0"), std::string::npos);
  EXPECT_TRUE(parse_master_key(std::string(64, 'a')));
  EXPECT_TRUE(parse_master_key(to_base64(std::string(32, 'x'))));
}

TEST_F(Installed, an_ephemeral_run_writes_neither_key_nor_authority) {
  const auto s = settings({{"ephemeral", "true"}});
  ASSERT_TRUE(master_key(s, random));
  const auto certificates = open_certificates(s, {}, clock, random);
  ASSERT_TRUE(certificates);
  EXPECT_NE(certificates->authority_pem, "");
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(Installed, the_local_authority_stays_the_same_over_restarts) {
  const auto first = open_certificates(settings(), {}, clock, random),
             second = open_certificates(settings(), {}, clock, random);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->authority_pem, second->authority_pem);
  EXPECT_EQ(read_file(first->authority_file).value(), first->authority_pem);
  EXPECT_EQ(mode_of(directory + "/ca.key"), 0600u);
}

TEST_F(Installed, an_existing_file_is_kept_by_the_second_writer) {
  ASSERT_TRUE(make_directory(directory));
  EXPECT_EQ(write_file_once(directory + "/f", "first", 0600).value(), "first");
  EXPECT_EQ(write_file_once(directory + "/f", "second", 0600).value(), "first");
  EXPECT_TRUE(write_file(directory + "/f", "third", 0600));
  EXPECT_EQ(read_file(directory + "/f").value(), "third");
  EXPECT_FALSE(write_file(directory + "/no/such/folder", "x", 0600));
}

TEST(Certificates, the_local_authority_vouches_only_for_local_names_and_the_base_domain) {
  EXPECT_TRUE(is_local_name("acme.localhost", "login.example"));
  EXPECT_TRUE(is_local_name("acme.login.example", "login.example"));
  EXPECT_TRUE(is_local_name("localhost", "login.example"));
  EXPECT_FALSE(is_local_name("bank.example", "login.example"));
  EXPECT_FALSE(is_local_name("evillogin.example", "login.example"));
  EXPECT_FALSE(is_local_name("notlocalhost", "login.example"));
}

TEST(KeyMaker, gives_as_many_keys_as_were_wanted_and_more_on_demand) {
  KeyMaker maker;
  EXPECT_FALSE(maker.take_ready());
  maker.want(2);
  std::set<std::string> pems;
  for (int i = 0; i < 3; ++i) pems.insert(run_sync(maker.take()).value().to_pem());
  EXPECT_EQ(pems.size(), 3u);
}

TEST(KeyMaker, refuses_when_too_many_wait) {
  KeyMaker maker(1, 0);
  const auto key = run_sync(maker.take());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().kind, ErrorKind::unavailable);
}

class YoungTenant : public Installed {
 protected:
  YoungTenant() : installation(Installation::open(settings({{"ephemeral", "true"}})).value()) {
    place = run_sync(installation->provisioner.create("acme", "acme.example")).value();
  }
  std::string first_kid() {
    const auto keys = run_sync(installation->core->services().configuration.keys(place.tenant->id));
    return keys.value()->current("RSA")->kid;
  }
  size_t stored_keys(std::string_view kty) {
    const auto keys = run_sync(installation->core->stored_configuration().keys(place.tenant->id)).value();
    return size_t(std::ranges::count(keys->keys, kty, &domain::SigningKey::kty));
  }

  std::unique_ptr<Installation> installation;
  Provisioner::Place place;
};

TEST_F(YoungTenant, is_made_without_an_RSA_key_and_gets_it_when_it_is_needed) {
  EXPECT_EQ(stored_keys("RSA"), 0u);
  EXPECT_EQ(stored_keys("EC"), 2u);
  const std::string kid = first_kid();
  EXPECT_EQ(first_kid(), kid);
  EXPECT_EQ(stored_keys("RSA"), 1u);
  ASSERT_TRUE(run_sync(installation->provisioner.complete_keys(place)));
  EXPECT_EQ(first_kid(), kid);
  EXPECT_EQ(stored_keys("RSA"), 2u);
}

TEST_F(YoungTenant, makes_one_first_key_however_many_ask) {
  std::vector<std::string> kids(8);
  std::vector<std::thread> threads;
  for (auto& kid : kids) threads.emplace_back([&] { kid = first_kid(); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set(kids.begin(), kids.end()).size(), 1u);
  EXPECT_EQ(stored_keys("RSA"), 1u);
}

TEST_F(YoungTenant, a_second_process_that_also_made_a_first_key_takes_the_stored_one) {
  const std::string kid = first_kid();
  ASSERT_TRUE(run_sync(management::keys::add_first_key(installation->core->services(), place.tenant->id,
                                                       crypto::PrivateKey::generate_rsa().value())));
  EXPECT_EQ(stored_keys("RSA"), 1u);
  EXPECT_EQ(first_kid(), kid);
}

TEST_F(YoungTenant, the_certificate_of_its_first_key_names_the_tenant) {
  const std::string kid = first_kid();
  const auto keys = run_sync(installation->core->stored_configuration().keys(place.tenant->id)).value();
  const auto certificate = crypto::parse_certificate(keys->by_kid(kid)->cert_pem).value();
  EXPECT_NE(certificate.der.find("acme.example"), std::string::npos);
}

}  // namespace
}  // namespace durward::server
