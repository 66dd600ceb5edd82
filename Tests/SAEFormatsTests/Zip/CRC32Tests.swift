import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct CRC32Tests {
  @Test func knownValues() {
    #expect(checksum(of: []) == 0)
    #expect(checksum(of: Array("123456789".utf8)) == 0xCBF4_3926)
  }

  /// Bit by bit from the definition, for every length around the eight-byte steps.
  @Test func agreesWithTheDefinition() {
    var generator = SeededGenerator(3)
    for count in 0..<40 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
      }
      #expect(checksum(of: bytes) == ~crc)
    }
  }

  @Test func piecesGiveWhatTheWholeGives() {
    let bytes = (0..<100).map { UInt8($0) }
    for cut in 0...100 {
      var crc = CRC32()
      let span = bytes.span
      crc.update(span.extracting(0..<cut).storedBytes)
      crc.update(span.extracting(cut..<100).storedBytes)
      #expect(crc.value == checksum(of: bytes))
    }
  }

  private func checksum(of bytes: [UInt8]) -> UInt32 {
    CRC32.of(FileBytes(bytes, name: "").bytes)
  }
}
