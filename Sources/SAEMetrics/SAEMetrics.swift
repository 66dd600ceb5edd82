import SAECore
