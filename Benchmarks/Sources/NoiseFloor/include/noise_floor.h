#ifndef NOISE_FLOOR_H
#define NOISE_FLOOR_H

#include <stddef.h>
#include <stdint.h>

/// Seals `length` bytes `count` times with ChaCha20-Poly1305 under one key and a counting nonce. Returns nanoseconds.
uint64_t noise_floor_seal(size_t length, uint64_t count);

/// Opens as many ciphertexts of `length` bytes of plaintext. Returns nanoseconds.
uint64_t noise_floor_open(size_t length, uint64_t count);

/// Both sides of `count` handshakes Noise_XK_25519_ChaChaPoly_SHA256 with empty payloads, new ephemeral keys each, static keys that stay.
/// Returns nanoseconds, or 0 if the two sides did not agree.
uint64_t noise_floor_handshake(uint64_t count);

#endif
