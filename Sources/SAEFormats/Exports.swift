/// The formats speak of matrices, so that who imports them has these too.
@_exported public import SAETensor
