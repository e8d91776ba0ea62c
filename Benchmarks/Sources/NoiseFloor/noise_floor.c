// The work of the peer channel on libsodium's functions alone: what a careful C program would take.

#include "noise_floor.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void make_nonce(unsigned char nonce[12], uint64_t counter) {
    memset(nonce, 0, 4);
    for (int i = 0; i < 8; i++) nonce[4 + i] = (unsigned char)(counter >> (8 * i));
}

uint64_t noise_floor_seal(size_t length, uint64_t count) {
    if (sodium_init() < 0) return 0;
    unsigned char key[32] = {1}, nonce[12];
    unsigned char *plain = calloc(1, length), *sealed = malloc(length + 16);
    uint64_t begin = now();
    for (uint64_t i = 0; i < count; i++) {
        make_nonce(nonce, i);
        crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, length, NULL, 0, NULL, nonce, key);
    }
    uint64_t elapsed = now() - begin;
    free(plain);
    free(sealed);
    return elapsed;
}

uint64_t noise_floor_open(size_t length, uint64_t count) {
    if (sodium_init() < 0) return 0;
    unsigned char key[32] = {1}, nonce[12];
    unsigned char *plain = calloc(1, length), *sealed = malloc(length + 16);
    make_nonce(nonce, 0);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, length, NULL, 0, NULL, nonce, key);
    uint64_t begin = now();
    for (uint64_t i = 0; i < count; i++) {
        if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, length + 16, NULL, 0, nonce, key)) return 0;
    }
    uint64_t elapsed = now() - begin;
    free(plain);
    free(sealed);
    return elapsed;
}

// Noise, revision 34, section 5; only what XK needs.

typedef struct {
    unsigned char hash[32], chain[32], key[32];
    uint64_t nonce;
    bool has_key;
} symmetric;

static void mix_hash(symmetric *s, const unsigned char *data, size_t length) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, s->hash, 32);
    crypto_hash_sha256_update(&state, data, length);
    crypto_hash_sha256_final(&state, s->hash);
}

static void hmac(const unsigned char key[32], const unsigned char *data, size_t length, unsigned char out[32]) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, 32);
    crypto_auth_hmacsha256_update(&state, data, length);
    crypto_auth_hmacsha256_final(&state, out);
}

static void hkdf(const unsigned char chain[32], const unsigned char *input, size_t length, unsigned char first[32], unsigned char second[32]) {
    unsigned char temporary[32], block[33];
    hmac(chain, input, length, temporary);
    block[0] = 1;
    hmac(temporary, block, 1, first);
    memcpy(block, first, 32);
    block[32] = 2;
    hmac(temporary, block, 33, second);
    sodium_memzero(temporary, sizeof temporary);
    sodium_memzero(block, sizeof block);
}

static void mix_key(symmetric *s, const unsigned char secret[32]) {
    unsigned char chain[32];
    hkdf(s->chain, secret, 32, chain, s->key);
    memcpy(s->chain, chain, 32);
    s->nonce = 0;
    s->has_key = true;
}

static size_t seal(symmetric *s, const unsigned char *plain, size_t length, unsigned char *out) {
    if (!s->has_key) {
        if (length) memcpy(out, plain, length);
        mix_hash(s, out, length);
        return length;
    }
    unsigned char nonce[12];
    make_nonce(nonce, s->nonce++);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, length, s->hash, 32, NULL, nonce, s->key);
    mix_hash(s, out, length + 16);
    return length + 16;
}

static bool open_(symmetric *s, const unsigned char *sealed, size_t length, unsigned char *out) {
    if (!s->has_key) {
        if (length) memcpy(out, sealed, length);
        mix_hash(s, sealed, length);
        return true;
    }
    unsigned char nonce[12];
    make_nonce(nonce, s->nonce++);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, length, s->hash, 32, nonce, s->key)) return false;
    mix_hash(s, sealed, length);
    return true;
}

typedef struct { unsigned char secret[32], public[32]; } pair;

static void make_pair(pair *p) {
    randombytes_buf(p->secret, 32);
    crypto_scalarmult_base(p->public, p->secret);
}

static bool mix_secret(symmetric *s, const unsigned char secret[32], const unsigned char public[32]) {
    unsigned char shared[32];
    if (crypto_scalarmult(shared, secret, public)) return false;
    mix_key(s, shared);
    sodium_memzero(shared, sizeof shared);
    return true;
}

static void begin(symmetric *s, const unsigned char responder[32]) {
    static const char name[] = "Noise_XK_25519_ChaChaPoly_SHA256";  // exactly 32 bytes
    memset(s, 0, sizeof *s);
    memcpy(s->hash, name, 32);
    memcpy(s->chain, name, 32);
    mix_hash(s, NULL, 0);
    mix_hash(s, responder, 32);
}

static bool handshake(const pair *client, const pair *server) {
    symmetric c, s;
    pair ce, se;
    unsigned char message[256], plain[256];
    begin(&c, server->public);
    begin(&s, server->public);

    // -> e, es
    make_pair(&ce);
    memcpy(message, ce.public, 32);
    mix_hash(&c, ce.public, 32);
    if (!mix_secret(&c, ce.secret, server->public)) return false;
    size_t length = 32 + seal(&c, NULL, 0, message + 32);
    unsigned char client_ephemeral[32];
    memcpy(client_ephemeral, message, 32);
    mix_hash(&s, client_ephemeral, 32);
    if (!mix_secret(&s, server->secret, client_ephemeral)) return false;
    if (!open_(&s, message + 32, length - 32, plain)) return false;

    // <- e, ee
    make_pair(&se);
    memcpy(message, se.public, 32);
    mix_hash(&s, se.public, 32);
    if (!mix_secret(&s, se.secret, client_ephemeral)) return false;
    length = 32 + seal(&s, NULL, 0, message + 32);
    unsigned char server_ephemeral[32];
    memcpy(server_ephemeral, message, 32);
    mix_hash(&c, server_ephemeral, 32);
    if (!mix_secret(&c, ce.secret, server_ephemeral)) return false;
    if (!open_(&c, message + 32, length - 32, plain)) return false;

    // -> s, se
    length = seal(&c, client->public, 32, message);
    if (!mix_secret(&c, client->secret, server_ephemeral)) return false;
    size_t payload = seal(&c, NULL, 0, message + length);
    unsigned char client_static[32];
    if (!open_(&s, message, length, client_static)) return false;
    if (!mix_secret(&s, se.secret, client_static)) return false;
    if (!open_(&s, message + length, payload, plain)) return false;

    unsigned char ck[2][32], sk[2][32];
    hkdf(c.chain, NULL, 0, ck[0], ck[1]);
    hkdf(s.chain, NULL, 0, sk[0], sk[1]);
    bool agree = sodium_memcmp(ck, sk, 64) == 0 && sodium_memcmp(c.hash, s.hash, 32) == 0
        && sodium_memcmp(client_static, client->public, 32) == 0;
    sodium_memzero(&c, sizeof c);
    sodium_memzero(&s, sizeof s);
    sodium_memzero(&ce, sizeof ce);
    sodium_memzero(&se, sizeof se);
    return agree;
}

uint64_t noise_floor_handshake(uint64_t count) {
    if (sodium_init() < 0) return 0;
    pair client, server;
    make_pair(&client);
    make_pair(&server);
    uint64_t begin = now();
    for (uint64_t i = 0; i < count; i++) {
        if (!handshake(&client, &server)) return 0;
    }
    return now() - begin;
}
