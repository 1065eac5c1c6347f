#pragma once
#include "http/address.h"
#include "http/message.h"

// What the proxies in front of a server may say about a request.
namespace durward::http {

// The fields that the trusted proxies write. Only those of one kind are heard: a proxy passes fields it does
// not know on, so whoever hears both hears the client.
enum class ProxyFields {
  x_forwarded,  // X-Forwarded-For, -Proto, -Host
  forwarded     // Forwarded (RFC 7239)
};

// Fills scheme, host and remote_ip of a request that came from `peer`; the fields count only when `peer` is
// trusted. Of the addresses in them, all lines as one list, the rightmost that is no trusted proxy's is the
// client: what stands before it is that client's own claim. The walk ends at what is no address and after
// `hops_max`; then the last trusted hop counts as the client. X-Forwarded-Proto and -Host: the last element,
// written by the nearest proxy. Forwarded: `proto` and `host` of the element that names the client.
void apply_forwarded(Request& request, std::string_view peer, const Networks& trusted, ProxyFields fields);
inline constexpr size_t hops_max = 32;

}  // namespace durward::http
