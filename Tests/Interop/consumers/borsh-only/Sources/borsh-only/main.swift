import Borsh

let bytes = try [UInt16(1), 2, 3].borshEncoded()
let numbers = try [UInt16](borshEncoded: bytes)
print(bytes, numbers)
