extension MessageHeader {
    func sanitize(accountCount: Int) throws(MessageError) {
        guard Int(requiredSignatures) + Int(readonlyUnsigned) <= accountCount, readonlySigned < requiredSignatures
        else { throw .invalidHeader(self, accountCount: accountCount) }
    }
}

extension [CompiledInstruction] {
    func sanitize(staticCount: Int, totalCount: Int) throws(MessageError) {
        for (index, instruction) in enumerated() {
            guard Int(instruction.programIndex) < staticCount else {
                throw .programIndexOutOfRange(instruction: index, index: instruction.programIndex)
            }
            guard instruction.programIndex != 0 else { throw .programIsFeePayer(instruction: index) }
            for account in instruction.accountIndices where Int(account) >= totalCount {
                throw .accountIndexOutOfRange(instruction: index, index: account)
            }
        }
    }
}

extension [Address] {
    func checkForDuplicates() throws(MessageError) {
        var seen = Set<Address>(minimumCapacity: count)
        for address in self {
            guard seen.insert(address).inserted else { throw .duplicateAccount(address) }
        }
    }
}
