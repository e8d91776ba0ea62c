// libcurl, and fixed-arity forms of its variadic functions, since Swift can't call C variadics.
//
// Handles are `void *` on both sides: that is what `CURL` and `CURLM` are in libcurl's public headers.
// Everything here exists since libcurl 7.80; what is newer is used where the headers have it.
#pragma once
#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or newer is needed"
#endif

static inline CURLcode chainference_curl_set_long(void *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode chainference_curl_set_size(void *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode chainference_curl_set_string(void *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode chainference_curl_set_pointer(void *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode chainference_curl_set_headers(void *easy, struct curl_slist *headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

// For the header and write callbacks, which share a signature.
typedef size_t (*chainference_curl_receive)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode chainference_curl_set_receive(void *easy, CURLoption option, chainference_curl_receive callback) {
    return curl_easy_setopt(easy, option, callback);
}

typedef int (*chainference_curl_connected)(void *context, char *remote, char *local, int remote_port, int local_port);

static inline CURLcode chainference_curl_set_connected(void *easy, chainference_curl_connected callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

// Allows http and https and nothing else of libcurl's two dozen protocols.
static inline CURLcode chainference_curl_allow_http_only(void *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

// Lets a transfer be removed while its name is still being resolved, instead of waiting for the resolver's thread.
static inline CURLcode chainference_curl_leave_resolver(void *easy) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

static inline CURLcode chainference_curl_get_long(void *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode chainference_curl_get_size(void *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

// The socket of a connection that was made with CURLOPT_CONNECT_ONLY.
static inline CURLcode chainference_curl_get_active_socket(void *easy, curl_socket_t *socket) {
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, socket);
}

static inline CURLcode chainference_curl_get_pointer(void *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode chainference_curl_multi_set_long(void *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// Sets `*done` to a transfer that ended and `*result` to how; returns 0 when there is none.
static inline int chainference_curl_multi_next_done(void *multi, void **done, CURLcode *result) {
    int left = 0;
    struct CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *done = message->easy_handle;
            *result = message->data.result;
            return 1;
        }
    }
    return 0;
}
