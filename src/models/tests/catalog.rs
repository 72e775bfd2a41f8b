//! The list of models, the choice among them, and servers that are found.

use super::fake::{json, reply};
use super::*;
use fake::{Step, good};

fn names(models: &[Model]) -> Vec<&str> {
    models.iter().map(|model| model.name.as_str()).collect()
}

#[tokio::test]
async fn models_are_listed_and_a_provider_that_went_keeps_its_last() {
    let server = Fake::any(|asked| match asked.path.as_str() {
        "/v1/models" => {
            vec![json("200 OK", r#"{"data":[{"id":"b","context_length":8192},{"id":"a"}]}"#)]
        }
        _ => vec![json("404 Not Found", "{}")],
    })
    .await;
    let bench = Bench::new().await;
    bench.add("openai", &server.url, None).await;
    let caller = Caller::owner();
    let models = bench.models.list(&caller, false).await;
    assert_eq!(names(&models), ["a", "b", "passages"]);
    assert_eq!(
        (models[1].context_window, models[1].local, models[1].reachable),
        (Some(8192), true, true)
    );
    assert_eq!(models[1].id.to_string(), format!("{}/b", models[1].provider_id));
    let mut heard = bench.feed.subscribe();
    drop(server);
    let models = bench.models.list(&caller, true).await;
    assert_eq!(names(&models), ["a", "b", "passages"]);
    assert!(!models[0].reachable && models[0].reason.as_ref().unwrap().contains("no connection"));
    assert_eq!(heard.try_recv().unwrap().event, "providers");
    assert!(bench.models.pick(&caller, None).await.unwrap().is_passages());
}

#[tokio::test]
async fn many_who_look_at_once_ask_once() {
    let server =
        Fake::any(|_| vec![Step::Wait(100), json("200 OK", r#"{"data":[{"id":"a"}]}"#)]).await;
    let bench = Bench::new().await;
    bench.add("openai", &server.url, None).await;
    let caller = Caller::owner();
    let looks = (0..20).map(|_| bench.models.list(&caller, true));
    for models in futures_util::future::join_all(looks).await {
        assert_eq!(names(&models), ["a", "passages"]);
    }
    assert_eq!(server.count("/v1/models"), 1);
    bench.models.list(&caller, false).await;
    assert_eq!(server.count("/v1/models"), 1);
}

#[tokio::test]
async fn the_default_is_the_first_model_that_chats_and_names_are_taken_as_they_are() {
    let server = Fake::any(|asked| match asked.path.as_str() {
        "/api/tags" => vec![json("200 OK", r#"{"models":[{"name":"nomic-embed-text:latest"},{"name":"llama3:8b"}]}"#)],
        "/api/show" if asked.text.contains("llama3") => {
            vec![json("200 OK", r#"{"capabilities":["completion","tools"],"model_info":{"llama.context_length":8192}}"#)]
        }
        _ => vec![json("404 Not Found", "{}")],
    })
    .await;
    let bench = Bench::new().await;
    let id = bench.add("ollama", &server.url, None).await.provider;
    let caller = Caller::owner();
    let pick = |wanted: Option<String>| {
        let (models, caller) = (bench.models.clone(), caller.clone());
        async move { models.pick(&caller, wanted.as_deref()).await.unwrap() }
    };
    let model = pick(None).await;
    assert_eq!((model.name.as_str(), model.context_window), ("llama3:8b", Some(8192)));
    assert!(model.capabilities.tools && !model.capabilities.embeddings);
    assert_eq!(pick(Some("auto".to_owned())).await, model);
    assert_eq!(pick(Some(model.id.to_string())).await, model);
    assert_eq!(pick(Some("llama3:8b".to_owned())).await, model);
    let unlisted = pick(Some(format!("{id}/own/thing:7b"))).await;
    assert_eq!((unlisted.name.as_str(), unlisted.context_window), ("own/thing:7b", None));
    assert!(pick(Some("passages/passages".to_owned())).await.is_passages());
}

#[tokio::test]
async fn a_test_tells_how_it_went() {
    let server = Fake::any(|asked| {
        if asked.text.contains("Bearer sk-right-key") {
            vec![json("200 OK", r#"{"data":[{"id":"a"},{"id":"b"}]}"#)]
        } else {
            vec![reply("401 Unauthorized", "", "no")]
        }
    })
    .await;
    let bench = Bench::new().await;
    let caller = Caller::owner();
    let right = bench.add("openai", &server.url, Some("sk-right-key")).await;
    let test = bench.models.test_provider(&caller, right.provider).await.unwrap();
    assert_eq!((test.ok, test.models, test.error), (true, 2, None));
    let wrong = bench.add("openai", &server.url, Some("sk-wrong-key")).await;
    let test = bench.models.test_provider(&caller, wrong.provider).await.unwrap();
    assert_eq!((test.ok, test.error.unwrap().code.as_str()), (false, "wrong_key"));
    assert_eq!(bench.provider(&wrong).last_error.unwrap().code, "wrong_key");
}

#[tokio::test]
async fn only_servers_of_the_right_shape_are_found_and_known_ones_are_not() {
    let ollama = Fake::any(|_| vec![json("200 OK", r#"{"models":[{"name":"llama3"}]}"#)]).await;
    let llama =
        Fake::any(|_| vec![json("200 OK", r#"{"data":[{"id":"x","owned_by":"llamacpp"}]}"#)]).await;
    let web = Fake::any(|_| vec![reply("200 OK", "", "<html>hello</html>")]).await;
    let silent = Fake::any(|_| vec![Step::Hang]).await;
    let known = Fake::chat(|_| good()).await;
    let mut settings = quick();
    settings.discovery_urls = vec![
        (Kind::Ollama, ollama.url.clone()),
        (Kind::Openai, llama.url.clone()),
        (Kind::Openai, web.url.clone()),
        (Kind::Ollama, silent.url.clone()),
        (Kind::Openai, known.url.clone()),
        (Kind::Openai, "http://127.0.0.1:1".to_owned()),
    ];
    let bench = Bench::with(settings).await;
    bench.add("openai", &known.url.replace("127.0.0.1", "localhost"), None).await;
    let found = bench.models.found(&Caller::owner()).await;
    let seen: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.models.join(","))).collect();
    assert_eq!(seen, [("Ollama", "llama3".to_owned()), ("llama.cpp", "x".to_owned())]);
    assert_eq!(found[1].base_url, format!("{}/v1", llama.url));
}
