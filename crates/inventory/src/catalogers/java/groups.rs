//! Groups of well-known artifacts whose archives do not name theirs.
//!
//! Builds by Gradle, Ant and sbt leave no `pom.properties`, and without its group an artifact is
//! no package that advisories speak of. These are facts of the public repositories. A name that
//! several groups use is not here.

/// Artifacts by their whole name.
const BY_NAME: &[(&str, &str)] = &[
    ("RoaringBitmap", "org.roaringbitmap"),
    ("activation", "javax.activation"),
    ("ant", "org.apache.ant"),
    ("antisamy", "org.owasp.antisamy"),
    ("aopalliance", "aopalliance"),
    ("byte-buddy", "net.bytebuddy"),
    ("c3p0", "com.mchange"),
    ("derby", "org.apache.derby"),
    ("druid", "com.alibaba"),
    ("ehcache", "org.ehcache"),
    ("esapi", "org.owasp.esapi"),
    ("fastjson", "com.alibaba"),
    ("flyway-core", "org.flywaydb"),
    ("freemarker", "org.freemarker"),
    ("graphql-java", "com.graphql-java"),
    ("gson", "com.google.code.gson"),
    ("guava", "com.google.guava"),
    ("guice", "com.google.inject"),
    ("h2", "com.h2database"),
    ("hsqldb", "org.hsqldb"),
    ("ivy", "org.apache.ivy"),
    ("httpclient", "org.apache.httpcomponents"),
    ("httpcore", "org.apache.httpcomponents"),
    ("jackson-annotations", "com.fasterxml.jackson.core"),
    ("jackson-core", "com.fasterxml.jackson.core"),
    ("jackson-databind", "com.fasterxml.jackson.core"),
    ("javax.inject", "javax.inject"),
    ("jdo-api", "javax.jdo"),
    ("jettison", "org.codehaus.jettison"),
    ("json", "org.json"),
    ("json-path", "com.jayway.jsonpath"),
    ("json-smart", "net.minidev"),
    ("jsoup", "org.jsoup"),
    ("jsp-api", "javax.servlet.jsp"),
    ("jsr305", "com.google.code.findbugs"),
    ("jta", "javax.transaction"),
    ("junit", "junit"),
    ("jython-standalone", "org.python"),
    ("kafka-clients", "org.apache.kafka"),
    ("libfb303", "org.apache.thrift"),
    ("libthrift", "org.apache.thrift"),
    ("liquibase-core", "org.liquibase"),
    ("log4j", "log4j"),
    ("mariadb-java-client", "org.mariadb.jdbc"),
    ("mssql-jdbc", "com.microsoft.sqlserver"),
    ("mybatis", "org.mybatis"),
    ("mysql-connector-j", "com.mysql"),
    ("mysql-connector-java", "mysql"),
    ("nimbus-jose-jwt", "com.nimbusds"),
    ("objenesis", "org.objenesis"),
    ("okio", "com.squareup.okio"),
    ("okio-jvm", "com.squareup.okio"),
    ("oro", "oro"),
    ("pdfbox", "org.apache.pdfbox"),
    ("postgresql", "org.postgresql"),
    ("protobuf-java", "com.google.protobuf"),
    ("quartz", "org.quartz-scheduler"),
    ("reactor-core", "io.projectreactor"),
    ("servlet-api", "javax.servlet"),
    ("snakeyaml", "org.yaml"),
    ("snappy-java", "org.xerial.snappy"),
    ("sqlite-jdbc", "org.xerial"),
    ("thymeleaf", "org.thymeleaf"),
    ("transaction-api", "javax.transaction"),
    ("velocity", "org.apache.velocity"),
    ("velocity-engine-core", "org.apache.velocity"),
    ("xalan", "xalan"),
    ("xercesImpl", "xerces"),
    ("xstream", "com.thoughtworks.xstream"),
    ("xz", "org.tukaani"),
    ("zookeeper", "org.apache.zookeeper"),
    ("zstd-jni", "com.github.luben"),
];

/// Artifacts by how their names begin; the longest beginning counts.
const BY_BEGINNING: &[(&str, &str)] = &[
    ("activemq-", "org.apache.activemq"),
    ("akka-", "com.typesafe.akka"),
    ("bcpg-", "org.bouncycastle"),
    ("bcpkix-", "org.bouncycastle"),
    ("bcprov-", "org.bouncycastle"),
    ("bctls-", "org.bouncycastle"),
    ("elasticsearch", "org.elasticsearch"),
    ("guice-", "com.google.inject.extensions"),
    ("hadoop-", "org.apache.hadoop"),
    ("hive-", "org.apache.hive"),
    ("jackson-core-asl", "org.codehaus.jackson"),
    ("jackson-jaxrs-asl", "org.codehaus.jackson"),
    ("jackson-mapper-asl", "org.codehaus.jackson"),
    ("jackson-module-scala_", "com.fasterxml.jackson.module"),
    ("jackson-xc", "org.codehaus.jackson"),
    ("jetty-", "org.eclipse.jetty"),
    ("jetty-http2-", "org.eclipse.jetty.http2"),
    ("kafka-", "org.apache.kafka"),
    ("kafka_", "org.apache.kafka"),
    ("kotlin-", "org.jetbrains.kotlin"),
    ("log4j-", "org.apache.logging.log4j"),
    ("logback-", "ch.qos.logback"),
    ("lucene-", "org.apache.lucene"),
    ("lz4-java", "org.lz4"),
    ("micrometer-", "io.micrometer"),
    ("netty-", "io.netty"),
    ("opensearch", "org.opensearch"),
    ("poi-", "org.apache.poi"),
    ("reactor-netty", "io.projectreactor.netty"),
    ("scala-collection-compat_", "org.scala-lang.modules"),
    ("scala-compiler", "org.scala-lang"),
    ("scala-library", "org.scala-lang"),
    ("scala-parser-combinators_", "org.scala-lang.modules"),
    ("scala-reflect", "org.scala-lang"),
    ("scala-xml_", "org.scala-lang.modules"),
    ("shapeless_", "com.chuusai"),
    ("shiro-", "org.apache.shiro"),
    ("slf4j-", "org.slf4j"),
    ("spring-aop", "org.springframework"),
    ("spring-aspects", "org.springframework"),
    ("spring-beans", "org.springframework"),
    ("spring-boot", "org.springframework.boot"),
    ("spring-cloud-gateway-", "org.springframework.cloud"),
    ("spring-context", "org.springframework"),
    ("spring-core", "org.springframework"),
    ("spring-data-", "org.springframework.data"),
    ("spring-expression", "org.springframework"),
    ("spring-jcl", "org.springframework"),
    ("spring-jdbc", "org.springframework"),
    ("spring-jms", "org.springframework"),
    ("spring-kafka", "org.springframework.kafka"),
    ("spring-messaging", "org.springframework"),
    ("spring-orm", "org.springframework"),
    ("spring-oxm", "org.springframework"),
    ("spring-security-", "org.springframework.security"),
    (
        "spring-security-oauth2",
        "org.springframework.security.oauth",
    ),
    ("spring-security-oauth2-", "org.springframework.security"),
    ("spring-session-", "org.springframework.session"),
    ("spring-test", "org.springframework"),
    ("spring-tx", "org.springframework"),
    ("spring-web", "org.springframework"),
    ("spring-webflux", "org.springframework"),
    ("spring-webmvc", "org.springframework"),
    ("spring-websocket", "org.springframework"),
    ("spring-ws-", "org.springframework.ws"),
    ("struts2-", "org.apache.struts"),
    ("tika-", "org.apache.tika"),
    ("tomcat-embed-", "org.apache.tomcat.embed"),
    ("undertow-", "io.undertow"),
];

/// Components of Apache Commons that have a group of their own, of the same name as the artifact.
const OWN_COMMONS: &[&str] = &[
    "beanutils",
    "chain",
    "cli",
    "codec",
    "collections",
    "configuration",
    "daemon",
    "dbcp",
    "digester",
    "discovery",
    "el",
    "fileupload",
    "httpclient",
    "io",
    "jexl",
    "jxpath",
    "lang",
    "logging",
    "net",
    "pool",
    "validator",
];
const SHARED_COMMONS: &[&str] = &[
    "bcel",
    "collections4",
    "compress",
    "configuration2",
    "crypto",
    "csv",
    "dbcp2",
    "email",
    "exec",
    "imaging",
    "jexl3",
    "lang3",
    "math3",
    "pool2",
    "text",
    "vfs2",
];

/// The group of an artifact, where everyone who knows its name knows its group. Some moved to
/// another group with a version.
pub fn known_group<'a>(artifact: &'a str, version: &str) -> Option<&'a str> {
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match (artifact, major) {
        ("dom4j", Some(..=1)) => return Some("dom4j"),
        ("dom4j", Some(_)) => return Some("org.dom4j"),
        ("okhttp", Some(..=2)) => return Some("com.squareup.okhttp"),
        ("okhttp", Some(3..)) => return Some("com.squareup.okhttp3"),
        ("groovy", Some(..=3)) => return Some("org.codehaus.groovy"),
        ("groovy", Some(4..)) => return Some("org.apache.groovy"),
        ("hibernate-core", Some(..=5)) => return Some("org.hibernate"),
        ("hibernate-core", Some(6..)) => return Some("org.hibernate.orm"),
        _ => {}
    }
    if let Some(component) = artifact.strip_prefix("commons-") {
        if OWN_COMMONS.contains(&component) {
            return Some(artifact);
        }
        let shared = SHARED_COMMONS.contains(&component);
        return shared.then_some("org.apache.commons");
    }
    let whole = BY_NAME.iter().find(|(name, _)| *name == artifact);
    let begins = BY_BEGINNING
        .iter()
        .filter(|(beginning, _)| artifact.starts_with(beginning))
        .max_by_key(|(beginning, _)| beginning.len());
    whole.or(begins).map(|(_, group)| *group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_follow_name_beginning_and_version() {
        for (artifact, version, group) in [
            ("commons-io", "2.5", Some("commons-io")),
            ("commons-lang3", "3.1", Some("org.apache.commons")),
            ("commons-unheard-of", "1", None),
            ("spring-core", "5.3.0", Some("org.springframework")),
            (
                "spring-security-core",
                "5",
                Some("org.springframework.security"),
            ),
            ("log4j", "1.2.17", Some("log4j")),
            ("log4j-core", "2.0", Some("org.apache.logging.log4j")),
            ("okhttp", "3.12.12", Some("com.squareup.okhttp3")),
            ("okhttp", "2.7.5", Some("com.squareup.okhttp")),
            ("core", "1.0", None),
        ] {
            assert_eq!(
                known_group(artifact, version),
                group,
                "{artifact} {version}"
            );
        }
    }
}
