// A peer of chainference/peer/1 in Go, written from Documentation/peer-protocol.md on flynn/noise as Debian packages it.
//
//	peer client '<json>'    connects, sends a prompt, prints what came back
//	peer server '<json>'    listens, prints its port, answers one prompt, prints what it saw
//	peer vectors            prints transcripts of Noise handshakes
//
// The Swift tests start it and compare; it shares no code with them, nor with the Python peer.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"time"

	"github.com/flynn/noise"
	"golang.org/x/crypto/curve25519"
)

const (
	pad, prompt, accept, data, fin, cancel, cancelled, failure, ping, pong, resume, window, closing, voucher = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		10, 11, 12, 13
	more          = 1
	rekeyInterval = 1024
	suiteNumber   = 1
)

var suite = noise.NewCipherSuite(noise.DH25519, noise.CipherChaChaPoly, noise.HashSHA256)
var little = binary.LittleEndian

type options struct {
	Port, Vouchers, Records                                    int
	Private, Server, Genesis, Program, Wallet, Request, Prompt string
	Unshaped                                                   bool
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func require(condition bool, what string) {
	if !condition {
		check(fmt.Errorf("%s", what))
	}
}

func unhex(text string) []byte {
	bytes, err := hex.DecodeString(text)
	check(err)
	return bytes
}

func pair(private []byte) noise.DHKey {
	public, err := curve25519.X25519(private, curve25519.Basepoint)
	check(err)
	return noise.DHKey{Private: private, Public: public}
}

// channel is framing, records and changes of keys over a finished handshake.
type channel struct {
	connection                                     net.Conn
	state                                          *noise.HandshakeState
	sending, receiving                             *noise.CipherState
	hash                                           []byte
	sent, received, sentUnderKey, receivedUnderKey int
	sizes                                          map[int]bool
}

func begin(connection net.Conn, o options, initiator bool) *channel {
	prologue := append([]byte("chainference/peer/1"), 0, suiteNumber)
	for _, part := range []string{o.Genesis, o.Program, o.Wallet} {
		prologue = append(prologue, unhex(part)...)
	}
	config := noise.Config{CipherSuite: suite, Pattern: noise.HandshakeXK, Initiator: initiator, Prologue: prologue,
		StaticKeypair: pair(unhex(o.Private))}
	if initiator {
		config.PeerStatic = unhex(o.Server)
	}
	state, err := noise.NewHandshakeState(config)
	check(err)
	check(connection.SetDeadline(time.Now().Add(2 * time.Minute)))
	return &channel{connection: connection, state: state, sizes: map[int]bool{}}
}

func (c *channel) sendFrame(frame []byte) {
	_, err := c.connection.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(frame))), frame...))
	check(err)
}

func (c *channel) exactly(count int) ([]byte, error) {
	buffer := make([]byte, count)
	_, err := io.ReadFull(c.connection, buffer)
	return buffer, err
}

func (c *channel) receiveFrame() ([]byte, error) {
	length, err := c.exactly(2)
	if err != nil {
		return nil, err
	}
	return c.exactly(int(binary.BigEndian.Uint16(length)))
}

func (c *channel) write(payload []byte) {
	message, first, second, err := c.state.WriteMessage(nil, payload)
	check(err)
	c.keep(first, second, true)
	c.sendFrame(message)
}

func (c *channel) read() []byte {
	frame, err := c.receiveFrame()
	check(err)
	payload, first, second, err := c.state.ReadMessage(nil, frame)
	check(err)
	c.keep(first, second, false)
	return payload
}

// keep stores the ciphers when the third message, which the initiator writes, has made them.
func (c *channel) keep(first, second *noise.CipherState, wrote bool) {
	if first == nil {
		return
	}
	c.hash = c.state.ChannelBinding()
	if wrote {
		c.sending, c.receiving = first, second
	} else {
		c.sending, c.receiving = second, first
	}
}

func changesKey(kind, flags byte, count *int) bool {
	*count++
	if *count == rekeyInterval || kind == prompt && flags&more == 0 {
		*count = 0
		return true
	}
	return false
}

func (c *channel) send(kind byte, body []byte, flags byte, size int) {
	plaintext := little.AppendUint16([]byte{kind, flags}, uint16(len(body)))
	plaintext = append(plaintext, body...)
	if size > 0 {
		plaintext = append(plaintext, make([]byte, size-18-len(plaintext))...)
	}
	ciphertext, err := c.sending.Encrypt(nil, nil, plaintext)
	check(err)
	c.sent++
	if changesKey(kind, flags, &c.sentUnderKey) {
		c.sending.Rekey()
	}
	c.sendFrame(ciphertext)
}

func (c *channel) receive() (kind byte, body []byte, err error) {
	for {
		frame, err := c.receiveFrame()
		if err != nil {
			return 0, nil, err
		}
		c.sizes[len(frame)+2] = true
		plaintext, err := c.receiving.Decrypt(nil, nil, frame)
		check(err)
		length := int(little.Uint16(plaintext[2:]))
		require(bytes.Count(plaintext[4+length:], []byte{0}) == len(plaintext)-4-length, "padding")
		kind = plaintext[0]
		body = append(body, plaintext[4:4+length]...)
		c.received++
		if changesKey(kind, plaintext[1], &c.receivedUnderKey) {
			c.receiving.Rekey()
		}
		if plaintext[1]&more == 0 {
			return kind, body, nil
		}
	}
}

func report(values map[string]interface{}) {
	text, err := json.Marshal(values)
	check(err)
	fmt.Println(string(text))
}

func client(o options) {
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	check(err)
	c := begin(connection, o, true)
	_, err = connection.Write([]byte{suiteNumber})
	check(err)
	c.write(nil)
	hello := c.read()
	require(len(hello) == 64, "the server's hello")
	ask := make([]byte, 64)
	copy(ask, unhex(o.Request))
	if o.Unshaped {
		ask[44] = 1
	}
	c.write(ask)

	text, limit := []byte{}, uint64(1<<16)
	question := unhex(o.Prompt)
	digest := sha256.Sum256(question)
	message := little.AppendUint32(little.AppendUint32(little.AppendUint32(nil, 1), uint32(limit)), uint32(len(question)))
	message = append(append(message, digest[:]...), question...)
	for len(message) > 0 {
		count, flags := len(message), byte(0)
		if count > 4074 {
			count, flags = 4074, more
		}
		c.send(prompt, message[:count], flags, 4096)
		message = message[count:]
	}

	var accepted []int
	var finish map[string]interface{}
	tokens, carried := uint32(0), map[uint32]int{}
	for finish == nil {
		kind, body, err := c.receive()
		check(err)
		switch kind {
		case accept:
			for _, offset := range []int{4, 8, 12} {
				accepted = append(accepted, int(little.Uint32(body[offset:])))
			}
			accepted = append(accepted, int(little.Uint16(body[16:])), int(little.Uint16(body[18:])))
			if len(body) > 20 {
				tokens = little.Uint32(body[20:])
				text = append(text, body[24:]...)
				carried[tokens]++
			}
			for step := 1; step <= o.Vouchers; step++ {
				promise := little.AppendUint64(little.AppendUint64(nil, uint64(step)), 99)
				c.send(voucher, append(promise, make([]byte, 64)...), 0, 256)
				c.send(pad, nil, 0, 256)
			}
		case data:
			require(little.Uint32(body) == 1 && little.Uint64(body[8:]) == uint64(len(text)), "offset")
			carried[little.Uint32(body[4:])-tokens]++
			tokens = little.Uint32(body[4:])
			text = append(text, body[16:]...)
			if uint64(len(text))+1<<15 > limit {
				limit = uint64(len(text)) + 1<<16
				c.send(window, little.AppendUint64(little.AppendUint32(nil, 1), limit), 0, 0)
			}
		case fin:
			digest := sha256.Sum256(text)
			require(little.Uint64(body[6:]) == uint64(len(text)) && bytes.Equal(body[14:46], digest[:]), "digest")
			finish = map[string]interface{}{"reason": body[4], "input": little.Uint32(body[46:]),
				"output": little.Uint32(body[50:]), "signature": hex.EncodeToString(body[54:])}
		case pad, pong:
		default:
			check(fmt.Errorf("unexpected record %d", kind))
		}
	}
	c.send(closing, []byte{0}, 0, 0)
	for {
		if _, _, err := c.receive(); err != nil {
			break
		}
	}
	sizes := []int{}
	for size := range c.sizes {
		sizes = append(sizes, size)
	}
	sort.Ints(sizes)
	numbers := []int{}
	for _, offset := range []int{8, 12, 16} {
		numbers = append(numbers, int(little.Uint32(hello[offset:])))
	}
	for _, offset := range []int{20, 22, 24, 26} {
		numbers = append(numbers, int(little.Uint16(hello[offset:])))
	}
	report(map[string]interface{}{"hash": hex.EncodeToString(c.hash), "text": hex.EncodeToString(text), "tokens": tokens,
		"accepted": accepted, "finish": finish, "sent": c.sent, "received": c.received, "carried": carried,
		"sizes": sizes, "hello": numbers})
}

func server(o options) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	report(map[string]interface{}{"port": listener.Addr().(*net.TCPAddr).Port})
	connection, err := listener.Accept()
	check(err)
	c := begin(connection, o, false)
	first, err := c.exactly(1)
	check(err)
	require(first[0] == suiteNumber, "suite")
	c.read()
	hello := make([]byte, 64)
	for offset, value := range map[int]uint32{8: 1 << 20, 12: 3600, 16: 600} {
		little.PutUint32(hello[offset:], value)
	}
	for offset, value := range map[int]uint16{20: 100, 22: 256, 24: 10, 26: 256} {
		little.PutUint16(hello[offset:], value)
	}
	c.write(hello)
	ask := c.read()
	require(len(ask) == 64, "the client's hello")

	kind, message, err := c.receive()
	check(err)
	require(kind == prompt, "a prompt comes first")
	number, limit, question := little.Uint32(message), uint64(little.Uint32(message[4:])), message[44:]
	digest := sha256.Sum256(question)
	require(int(little.Uint32(message[8:])) == len(question) && bytes.Equal(message[12:44], digest[:]), "prompt")

	vouchers, kinds := []uint64{}, map[byte]bool{}
	hear := func() error {
		kind, body, err := c.receive()
		if err != nil {
			return err
		}
		kinds[kind] = true
		switch kind {
		case voucher:
			vouchers = append(vouchers, little.Uint64(body))
		case window:
			limit = little.Uint64(body[4:])
		case ping:
			c.send(pong, body, 0, 0)
		}
		return nil
	}

	// The first piece of the answer comes with ACCEPT.
	piece := func(index int) []byte {
		start := index % len(question)
		end := start + 40
		if end > len(question) {
			end = len(question)
		}
		return question[start:end]
	}
	text, tokens := append([]byte{}, piece(0)...), uint32(1)
	body := little.AppendUint32(little.AppendUint32(little.AppendUint32(little.AppendUint32(nil, number), 5), 1<<20), 256)
	body = append(little.AppendUint32(append(body, 0, 0, 0, 0), tokens), text...)
	c.send(accept, body, 0, 0)
	for len(vouchers) == 0 {
		check(hear())
	}
	c.send(ping, []byte("abcdefgh"), 0, 0)
	for index := 1; index < o.Records; index++ {
		next := piece(index)
		for uint64(len(text)+len(next)) > limit {
			check(hear())
		}
		tokens++
		body := little.AppendUint64(little.AppendUint32(little.AppendUint32(nil, number), tokens), uint64(len(text)))
		c.send(data, append(body, next...), 0, 0)
		text = append(text, next...)
	}
	answer := sha256.Sum256(text)
	body = little.AppendUint64(append(little.AppendUint32(nil, number), 0, 1), uint64(len(text)))
	body = little.AppendUint32(little.AppendUint32(append(body, answer[:]...), 5), tokens)
	for value := 0; value < 64; value++ {
		body = append(body, byte(value))
	}
	c.send(fin, body, 0, 0)
	for !kinds[closing] && hear() == nil {
	}
	connection.Close()
	report(map[string]interface{}{"hash": hex.EncodeToString(c.hash), "request": hex.EncodeToString(ask[:32]), "unshaped": ask[44],
		"prompt": hex.EncodeToString(digest[:]), "text": hex.EncodeToString(answer[:]), "vouchers": vouchers, "pong": kinds[pong],
		"closed": kinds[closing], "sent": c.sent, "received": c.received})
}

func main() {
	require(len(os.Args) >= 2, "client, server or vectors?")
	var o options
	if len(os.Args) > 2 {
		check(json.Unmarshal([]byte(os.Args[2]), &o))
	}
	switch os.Args[1] {
	case "client":
		client(o)
	case "server":
		server(o)
	case "vectors":
		vectors()
	}
}
