//! Who a delivery is from: `X-Webhook-Signature: t=<unix seconds>,v1=<hex>`, where the hex is
//! HMAC-SHA256 (RFC 2104) of `<t>.<body>` under the webhook's secret, its text as it was shown. The
//! time is inside, so that who keeps an eye on it takes no old delivery for a new one.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::base::Timestamp;
use crate::error::Error;

/// Begins a secret, so that it is found when it leaks.
const PREFIX: &str = "inw_";

/// A fresh secret: 256 random bits.
pub(super) fn fresh_secret() -> Result<SecretString, Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| Error::internal("making a secret", error))?;
    Ok(SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits))))
}

/// The value of the header.
pub(super) fn sign(secret: &SecretString, at: Timestamp, body: &str) -> Result<String, Error> {
    let seconds = at.as_ms().div_euclid(1000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|error| Error::internal("signing a delivery", error))?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let mut value = format!("t={seconds},v1=");
    for byte in mac.finalize().into_bytes() {
        let _ = write!(value, "{byte:02x}");
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is signed with this secret at this second.
    fn signed(secret: &str, at: i64, body: &str) -> String {
        sign(&SecretString::from(secret), Timestamp::from_ms(at * 1000 + 999), body).unwrap()
    }

    #[test]
    fn a_signature_is_what_others_compute() {
        // printf '%s' '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac 'inw_secret'
        let known =
            "t=1700000000,v1=8555b06854928cced0e5c57ce1d50a89b8cd6963d7eb8b0b6116b94138a66dd2";
        assert_eq!(signed("inw_secret", 1_700_000_000, r#"{"id":"evt_1"}"#), known);
        // The same over letters of several bytes, under a key longer than a block.
        let known = "t=0,v1=94171b763143cd3d0ba616e997845c9bb7734030d9ffe072b04edd10bf2de14c";
        assert_eq!(signed(&"k".repeat(100), 0, "Käse → 🧀"), known);
    }

    #[test]
    fn another_secret_time_or_body_gives_another_signature() {
        let one = signed("a", 1, "b");
        for other in [signed("x", 1, "b"), signed("a", 2, "b"), signed("a", 1, "x")] {
            assert_ne!(one.split("v1=").nth(1), other.split("v1=").nth(1));
        }
    }

    #[test]
    fn secrets_differ_and_say_what_they_are() {
        let (one, two) = (fresh_secret().unwrap(), fresh_secret().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(one.expose_secret().starts_with(PREFIX) && one.expose_secret().len() == 47);
    }
}
