//! The promises of this module, against scripted servers on loopback.
