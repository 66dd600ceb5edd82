import Foundation
import Testing

@testable import SAEStudy

/// The browser, under the names that systems give it.
private enum Chromium {
  static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
}

/// The page in a real browser.
@Suite(.serialized, .enabled("no Chromium on this machine") { Chromium.path != nil })
struct ChromiumTests {
  private let browser: String

  init() throws { browser = try #require(Chromium.path) }

  /// The page's elements after its scripts have run, and what they said on the console.
  private func open(
    _ page: String, hash: String
  ) throws -> (dom: String, console: [Substring]) {
    let folder = try ScratchFolder()
    let file = try folder.write(page, to: "index.html")
    for name in ["out", "err"] {
      _ = FileManager.default.createFile(atPath: folder.file(name), contents: nil)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: browser)
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
      "--user-data-dir=\(folder.file("profile"))", "--virtual-time-budget=4000", "--dump-dom",
      "file://\(file)\(hash)",
    ]
    process.standardOutput = FileHandle(forWritingAtPath: folder.file("out"))
    process.standardError = FileHandle(forWritingAtPath: folder.file("err"))
    try process.run()
    process.waitUntilExit()
    let errors = String(
      decoding: FileManager.default.contents(atPath: folder.file("err")) ?? Data(), as: UTF8.self)
    let dom = String(
      decoding: FileManager.default.contents(atPath: folder.file("out")) ?? Data(), as: UTF8.self)
    return (dom, errors.split(separator: "\n").filter { $0.contains("CONSOLE") })
  }

  @Test func searchFindsALatentAndNothingErrs() throws {
    let page = try StudyReport(
      Samples.results(subject: Samples.hostile.joined()), [Samples.browser()]
    ).html()
    let all = try open(page, hash: "")
    #expect(all.console == [])
    #expect(all.dom.contains("3 of 3 latents"))
    #expect(all.dom.contains("id=\"latent-5\""))
    // The hostile texts stand there as texts; none has run.
    #expect(!all.dom.contains("<title>taken"))
    #expect(!all.dom.contains("<img"))
    let found = try open(page, hash: "#latents?q=MitoChondria")
    #expect(found.console == [])
    #expect(found.dom.contains("1 of 3 latents"))
    #expect(found.dom.contains("id=\"latent-3\""))
    #expect(!found.dom.contains("id=\"latent-5\""))
    #expect(!found.dom.contains("id=\"latent-6\""))
    let numbered = try open(page, hash: "#latents?q=%236")
    #expect(numbered.dom.contains("1 of 3 latents"))
    #expect(numbered.dom.contains("id=\"latent-6\""))
  }

  /// Without it the other test could not fail.
  @Test func theConsoleIsHeard() throws {
    let page = "<!doctype html><title>x</title><script>throw new Error('heard')</script>"
    #expect(try open(page, hash: "").console.contains { $0.contains("heard") })
  }
}
