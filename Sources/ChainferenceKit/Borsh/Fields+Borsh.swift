// Written out up to six fields: the compiler does not specialise packs, which take more than twice the time.

extension BorshWriter {
    /// Appends two values one after the other.
    @inlinable
    public mutating func write<First: BorshEncodable, Second: BorshEncodable>(
        _ first: First,
        _ second: Second
    ) throws(BorshError) {
        try write(first)
        try write(second)
    }

    /// Appends three values one after the other.
    @inlinable
    public mutating func write<First: BorshEncodable, Second: BorshEncodable, Third: BorshEncodable>(
        _ first: First,
        _ second: Second,
        _ third: Third
    ) throws(BorshError) {
        try write(first)
        try write(second)
        try write(third)
    }

    /// Appends four values one after the other.
    @inlinable
    public mutating func write<
        First: BorshEncodable,
        Second: BorshEncodable,
        Third: BorshEncodable,
        Fourth: BorshEncodable
    >(
        _ first: First,
        _ second: Second,
        _ third: Third,
        _ fourth: Fourth
    ) throws(BorshError) {
        try write(first)
        try write(second)
        try write(third)
        try write(fourth)
    }

    /// Appends five values one after the other.
    @inlinable
    public mutating func write<
        First: BorshEncodable,
        Second: BorshEncodable,
        Third: BorshEncodable,
        Fourth: BorshEncodable,
        Fifth: BorshEncodable
    >(
        _ first: First,
        _ second: Second,
        _ third: Third,
        _ fourth: Fourth,
        _ fifth: Fifth
    ) throws(BorshError) {
        try write(first)
        try write(second)
        try write(third)
        try write(fourth)
        try write(fifth)
    }

    /// Appends six values one after the other.
    @inlinable
    public mutating func write<
        First: BorshEncodable,
        Second: BorshEncodable,
        Third: BorshEncodable,
        Fourth: BorshEncodable,
        Fifth: BorshEncodable,
        Sixth: BorshEncodable
    >(
        _ first: First,
        _ second: Second,
        _ third: Third,
        _ fourth: Fourth,
        _ fifth: Fifth,
        _ sixth: Sixth
    ) throws(BorshError) {
        try write(first)
        try write(second)
        try write(third)
        try write(fourth)
        try write(fifth)
        try write(sixth)
    }

    /// Appends seven values or more one after the other.
    @inlinable
    public mutating func write<
        First: BorshEncodable,
        Second: BorshEncodable,
        Third: BorshEncodable,
        Fourth: BorshEncodable,
        Fifth: BorshEncodable,
        Sixth: BorshEncodable,
        Seventh: BorshEncodable,
        each Rest: BorshEncodable
    >(
        _ first: First,
        _ second: Second,
        _ third: Third,
        _ fourth: Fourth,
        _ fifth: Fifth,
        _ sixth: Sixth,
        _ seventh: Seventh,
        _ rest: repeat each Rest
    ) throws(BorshError) {
        try write(first)
        try write(second)
        try write(third)
        try write(fourth)
        try write(fifth)
        try write(sixth)
        try write(seventh)
        for value in repeat each rest { try write(value) }
    }
}

extension BorshReader {
    /// Reads two values one after the other, whose types the context tells.
    @inlinable
    public mutating func read<First: BorshDecodable, Second: BorshDecodable>()
        throws(BorshError) -> (First, Second)
    {
        try (read(First.self), read(Second.self))
    }

    /// Reads three values one after the other, whose types the context tells.
    @inlinable
    public mutating func read<First: BorshDecodable, Second: BorshDecodable, Third: BorshDecodable>()
        throws(BorshError) -> (First, Second, Third)
    {
        try (read(First.self), read(Second.self), read(Third.self))
    }

    /// Reads four values one after the other, whose types the context tells.
    @inlinable
    public mutating func read<
        First: BorshDecodable,
        Second: BorshDecodable,
        Third: BorshDecodable,
        Fourth: BorshDecodable
    >()
        throws(BorshError) -> (First, Second, Third, Fourth)
    {
        try (read(First.self), read(Second.self), read(Third.self), read(Fourth.self))
    }

    /// Reads five values one after the other, whose types the context tells.
    @inlinable
    public mutating func read<
        First: BorshDecodable,
        Second: BorshDecodable,
        Third: BorshDecodable,
        Fourth: BorshDecodable,
        Fifth: BorshDecodable
    >()
        throws(BorshError) -> (First, Second, Third, Fourth, Fifth)
    {
        try (read(First.self), read(Second.self), read(Third.self), read(Fourth.self), read(Fifth.self))
    }

    /// Reads six values one after the other, whose types the context tells.
    @inlinable
    public mutating func read<
        First: BorshDecodable,
        Second: BorshDecodable,
        Third: BorshDecodable,
        Fourth: BorshDecodable,
        Fifth: BorshDecodable,
        Sixth: BorshDecodable
    >()
        throws(BorshError) -> (First, Second, Third, Fourth, Fifth, Sixth)
    {
        try (
            read(First.self), read(Second.self), read(Third.self), read(Fourth.self), read(Fifth.self), read(Sixth.self)
        )
    }

    /// Reads seven values or more one after the other, whose types the context tells.
    @inlinable
    public mutating func read<
        First: BorshDecodable,
        Second: BorshDecodable,
        Third: BorshDecodable,
        Fourth: BorshDecodable,
        Fifth: BorshDecodable,
        Sixth: BorshDecodable,
        Seventh: BorshDecodable,
        each Rest: BorshDecodable
    >()
        throws(BorshError) -> (First, Second, Third, Fourth, Fifth, Sixth, Seventh, repeat each Rest)
    {
        try (
            read(First.self), read(Second.self), read(Third.self), read(Fourth.self), read(Fifth.self),
            read(Sixth.self), read(Seventh.self), repeat read((each Rest).self)
        )
    }
}
