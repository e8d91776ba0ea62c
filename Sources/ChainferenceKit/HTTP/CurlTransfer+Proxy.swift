import CCurl

extension CurlTransfer {
    /// What the proxy said no with, if it was that.
    var proxyFailure: HTTPProxyFailure? {
        httpRefusal ?? socksRefusal
    }

    private var httpRefusal: HTTPProxyFailure? {
        var status = 0
        guard chainference_curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK, status >= 300 else {
            return nil
        }
        let answer = "it answered CONNECT with status \(status)"
        switch status {
        // tinyproxy answers wrong credentials with 401, where RFC 9110 has 407.
        case 401, 407: return .credentials(answer)
        case 404, 500...599: return .target(answer)
        default: return .forbidden(answer)
        }
    }

    /// The replies of RFC 1928, section 6, and of RFC 1929, as libcurl names them.
    private var socksRefusal: HTTPProxyFailure? {
        var number = 0
        guard chainference_curl_get_long(easy, CURLINFO_PROXY_ERROR, &number) == CURLE_OK, number != 0 else {
            return nil
        }
        switch CURLproxycode(rawValue: UInt32(truncatingIfNeeded: number)) {
        case CURLPX_NO_AUTH: return .credentials("none of the ways to log in was accepted")
        case CURLPX_USER_REJECTED: return .credentials("user name or password was rejected")
        case CURLPX_REPLY_NOT_ALLOWED: return .forbidden("its rules forbid the connection")
        case CURLPX_REPLY_CONNECTION_REFUSED: return .target("the target refused the connection")
        case CURLPX_REPLY_HOST_UNREACHABLE: return .target("the host is unreachable")
        case CURLPX_REPLY_NETWORK_UNREACHABLE: return .target("the network is unreachable")
        case CURLPX_REPLY_TTL_EXPIRED: return .target("the way to the target is too long")
        case CURLPX_REPLY_GENERAL_SERVER_FAILURE: return .target("it failed without a reason")
        case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED, CURLPX_REPLY_COMMAND_NOT_SUPPORTED:
            return .forbidden("it does not support this kind of connection")
        default: return .noProxy("libcurl's proxy error \(number)")
        }
    }
}
