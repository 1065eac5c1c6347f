# The instructions of the six assembly lanes without the chains from round to round: what this processor can do at best.
#define WITHOUT_CHAINS
#include "crypto/bcrypt/expand6_x86_64.S"
