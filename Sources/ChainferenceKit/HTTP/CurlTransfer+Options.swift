import CCurl

extension CurlTransfer {
    /// Gives libcurl the request.
    func setUp() throws(HTTPError) {
        try set(CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
        try set(CURLOPT_URL, request.target.url)
        try check(chainference_curl_allow_http_only(easy))
        try check(chainference_curl_leave_resolver(easy))
        // Without it libcurl times name resolution with signals.
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // The driver's own clock has the other deadlines; libcurl needs this one to share it among several addresses.
        try set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.timeouts.connect))
        try setTrust()
        try setProxy()
        if transfer.wantsSocket {
            try set(CURLOPT_CONNECT_ONLY, 1)
        } else {
            try setMessage()
            try setCallbacks()
        }
    }

    private func setTrust() throws(HTTPError) {
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let file = request.configuration.certificateAuthorities {
            try set(CURLOPT_CAINFO, file)
            try set(CURLOPT_CAPATH, nil as String?)
        }
    }

    private func setProxy() throws(HTTPError) {
        // An empty string, unlike none, keeps libcurl from asking the environment.
        try set(CURLOPT_PROXY, request.configuration.proxy?.address ?? "")
        try set(CURLOPT_NOPROXY, "")
        guard let proxy = request.configuration.proxy else { return }
        try set(CURLOPT_HTTPPROXYTUNNEL, proxy.kind == .httpConnect ? 1 : 0)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let credentials = proxy.credentials {
            try set(CURLOPT_PROXYUSERNAME, credentials.user)
            try set(CURLOPT_PROXYPASSWORD, credentials.password)
        }
    }

    private func setMessage() throws(HTTPError) {
        if transfer.isWhole {
            // Every encoding that this libcurl knows; the write callback counts what comes out of the decoder.
            try set(CURLOPT_ACCEPT_ENCODING, "")
        }
        switch request.method {
        case .get where request.body.isEmpty:
            try set(CURLOPT_HTTPGET, 1)
        case .head:
            try set(CURLOPT_NOBODY, 1)
        case .post:
            try set(CURLOPT_POST, 1)
            try setBody()
        default:
            if !request.body.isEmpty || request.method == .put { try setBody() }
            try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        for line in request.headerLines {
            guard let longer = curl_slist_append(headers, line) else {
                throw .outOfResources(reason: "no memory for headers")
            }
            headers = longer
        }
        try check(chainference_curl_set_headers(easy, headers))
    }

    private func setBody() throws(HTTPError) {
        try set(size: CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        let code = request.body.withUnsafeBufferPointer { bytes in
            // With a size set, this copies that many bytes, zeros included; an empty body still needs an address.
            if let base = bytes.baseAddress, !bytes.isEmpty {
                return chainference_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutablePointer(mutating: base))
            }
            return chainference_curl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "")
        }
        try check(code)
    }

    private func setCallbacks() throws(HTTPError) {
        // libcurl calls back only inside calls made by the driver's thread while the loop holds this object.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try set(CURLOPT_PREREQDATA, context)
        try check(
            chainference_curl_set_connected(easy) { context, _, _, _, _ in
                context.map { CurlTransfer.from($0).connected() }
                return Int32(CURL_PREREQFUNC_OK)
            }
        )
        try set(CURLOPT_HEADERDATA, context)
        try check(
            chainference_curl_set_receive(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                guard let context else { return 0 }
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return CurlTransfer.from(context).receive(headerLine: line) ? line.count : 0
            }
        )
        try set(CURLOPT_WRITEDATA, context)
        try check(
            chainference_curl_set_receive(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                guard let context else { return 0 }
                return CurlTransfer.from(context).receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer) -> CurlTransfer {
        Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Fixed-arity options

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(chainference_curl_set_long(easy, option, value))
    }

    private func set(size option: CURLoption, _ value: curl_off_t) throws(HTTPError) {
        try check(chainference_curl_set_size(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String?) throws(HTTPError) {
        try check(chainference_curl_set_string(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(HTTPError) {
        try check(chainference_curl_set_pointer(easy, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else {
            throw .outOfResources(reason: "libcurl refused an option: \(String(cString: curl_easy_strerror(code)))")
        }
    }

    private func milliseconds(_ duration: Duration) -> Int {
        let parts = duration.components
        guard parts.seconds < 1_000_000 else { return 1_000_000_000 }
        return max(1, Int(parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000))
    }
}
