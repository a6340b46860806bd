//! KMS as far as signatures need it: asymmetric keys that are made when they are first asked for, and sign.
//!
//! Nothing here leaves the process: a key lives as long as it, and each alias names one kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_SHA512, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::faults::Refusal;

/// The longest message that Sign takes as it is (source: the API reference).
const MAX_MESSAGE: usize = 4096;

/// The keys asked for so far.
#[derive(Default)]
pub(crate) struct Keys(Mutex<BTreeMap<String, Pair>>);

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Keys {
    /// GetPublicKey of `alias/p256`, `alias/p384` or `alias/rsa`, or of an ARN that ends so.
    pub(crate) fn public_key(&self, body: &Value) -> Result<Value, Refusal> {
        self.with(body, |id, pair| {
            let (der, spec, algorithm) = pair.public();
            Ok(json!({
                "KeyId": id,
                "PublicKey": BASE64.encode(der),
                "KeySpec": spec,
                "KeyUsage": "SIGN_VERIFY",
                "SigningAlgorithms": [algorithm],
            }))
        })
    }

    /// Sign, of a message as it is.
    pub(crate) fn sign(&self, body: &Value) -> Result<Value, Refusal> {
        self.with(body, |id, pair| {
            let text = body["Message"].as_str().unwrap_or_default();
            let message = BASE64.decode(text).unwrap_or_default();
            let (_, _, algorithm) = pair.public();
            let fits = (1..=MAX_MESSAGE).contains(&message.len());
            if body["MessageType"] != "RAW" || body["SigningAlgorithm"] != algorithm || !fits {
                return Err(Refusal::named("ValidationException")
                    .saying("The message, its type or the algorithm does not fit the key."));
            }
            Ok(json!({
                "KeyId": id,
                "Signature": BASE64.encode(pair.sign(&message)?),
                "SigningAlgorithm": algorithm,
            }))
        })
    }

    fn with(
        &self,
        body: &Value,
        act: impl FnOnce(&str, &Pair) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        let id = body["KeyId"].as_str().unwrap_or_default();
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = match keys.entry(id.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Pair::make(id)?),
        };
        act(id, pair)
    }
}

impl Pair {
    fn make(id: &str) -> Result<Self, Refusal> {
        let failed = |_| Refusal::named("KMSInternalException").saying("A key could not be made.");
        let ecdsa = |algorithm| EcdsaKeyPair::generate(algorithm).map_err(failed);
        match id.rsplit(['/', ':']).next() {
            Some("p256") => Ok(Self::P256(ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)?)),
            Some("p384") => Ok(Self::P384(ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING)?)),
            Some("rsa") => RsaKeyPair::generate(KeySize::Rsa2048)
                .map(Self::Rsa)
                .map_err(failed),
            _ => {
                Err(Refusal::named("NotFoundException").saying(format!("Alias {id} is not found.")))
            }
        }
    }

    /// The key as a SubjectPublicKeyInfo, its specification and the one algorithm used with it.
    fn public(&self) -> (Vec<u8>, &'static str, &'static str) {
        let of_ecdsa = |pair: &EcdsaKeyPair| {
            let der = pair.public_key().as_der();
            der.map(|der| der.as_ref().to_vec()).unwrap_or_default()
        };
        match self {
            Self::P256(pair) => (of_ecdsa(pair), "ECC_NIST_P256", "ECDSA_SHA_256"),
            Self::P384(pair) => (of_ecdsa(pair), "ECC_NIST_P384", "ECDSA_SHA_384"),
            Self::Rsa(pair) => {
                let der = pair.public_key().as_der();
                let der = der.map(|der| der.as_ref().to_vec()).unwrap_or_default();
                (der, "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512")
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let failed =
            |_| Refusal::named("KMSInternalException").saying("The message could not be signed.");
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) | Self::P384(pair) => {
                let signature = pair.sign(&random, message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA512, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}
