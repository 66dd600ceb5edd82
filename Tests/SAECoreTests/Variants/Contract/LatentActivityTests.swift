import SAECore
import Testing

@Suite struct LatentActivityTests {
  @Test func countsTokensAndTellsSelectedFromActive() throws {
    let latents = try SparseLatents(
      latentCount: 4, rowOffsets: [0, 3, 5], indices: [0, 1, 3, 1, 2], values: [0, 2, -1, 5, 0])
    let activity = LatentActivity(latents)
    #expect(activity.tokens == 2)
    #expect(activity.activeTokens == [0, 2, 0, 1])
    #expect(activity.selectedTokens == [1, 2, 1, 1])
    #expect(activity.l0 == 1.5)
  }

  @Test func noTokensHaveAnL0OfZero() {
    #expect(LatentActivity(SparseLatents(dense: Matrix(rows: 0, columns: 3))).l0 == 0)
  }
}
