//! jsonwebtoken, set up as its own documentation says; ../../README.md has what it reads and prints.
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Map, Value, json};
use std::{env, error::Error, io::stdin};

fn verify(token: &str, keys: &JwkSet) -> Result<(), Box<dyn Error>> {
    let kid = decode_header(token)?.kid.ok_or("no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("an unknown kid")?)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[env::var("ISSUER")?]);
    validation.set_audience(&[env::var("AUDIENCE")?]);
    decode::<Value>(token, &key, &validation)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let keys: JwkSet = serde_json::from_value(asked["jwks"].clone())?;
        let mut answer = Map::new();
        for (what, token) in asked["tokens"].as_object().ok_or("no tokens")? {
            let refusal = verify(token.as_str().ok_or("no text")?, &keys).err();
            answer.insert(what.clone(), json!(refusal.map(|error| error.to_string())));
        }
        println!("{}", json!({ "jsonwebtoken": answer }));
    }
    Ok(())
}
