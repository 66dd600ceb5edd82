/// The version of the library, by semantic versioning.
public let libraryVersion = "0.2.0"
