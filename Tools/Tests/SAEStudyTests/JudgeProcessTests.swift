import Foundation
import Testing

@testable import SAEStudy

@Suite(.serialized) struct JudgeProcessTests {
  /// Answers each line by a shell command that sees it as $line and its number as $id.
  private func judge(_ answer: String) -> String {
    "while read -r line; do id=$(printf '%s' \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); "
      + "\(answer); done"
  }

  @Test func answersInOrder() throws {
    let process = try JudgeProcess(
      judge("printf '{\"id\":%s,\"response\":\"[1, 0] %s\"}\\n' $id $id"))
    defer { process.stop() }
    #expect(try process.ask("first\nwith a line break \" and more") == "[1, 0] 1")
    #expect(try process.ask("second") == "[1, 0] 2")
    #expect(process.requests == 2)
    #expect(process.malformed == 0)
  }

  @Test(arguments: [
    "echo 'no json'", "echo '{\"id\":1}'", "echo '{\"id\":99,\"response\":\"x\"}'", "echo '[]'",
    "echo ''",
  ])
  func whatIsNoAnswerIsCounted(_ answer: String) throws {
    let process = try JudgeProcess(judge(answer))
    defer { process.stop() }
    #expect(try process.ask("a") == nil)
    #expect(process.malformed == 1)
  }

  @Test func aJudgeThatEndsOrDoesNotExist() throws {
    for command in ["read -r line; exit 3", "/no/such/program 2>/dev/null"] {
      let process = try JudgeProcess(command)
      defer { process.stop() }
      for _ in 0..<3 { #expect(try process.ask("a") == nil) }
      #expect(process.malformed == 3)
    }
  }

  @Test func aJudgeThatSaysNothing() throws {
    let process = try JudgeProcess("exec sleep 600", patience: 0.2)
    defer { process.stop() }
    #expect(try process.ask("a") == nil)
    // After that nothing is waited for.
    #expect(try process.ask("b") == nil)
    #expect(process.malformed == 2)
  }
}
