//! How statements are written down, so that a test can have Postgres check every one.

/// Constants that hold a statement each, and `STATEMENTS`, which lists them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*

        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

pub(super) use statements;

#[cfg(test)]
mod tests {
    use scanyard_testkit::RealPostgres;
    use sqlx::{Connection, Executor, PgConnection, SqlStr};

    use crate::postgres::{MIGRATOR, modules_with_statements};

    #[tokio::test]
    async fn every_statement_fits_the_schema() {
        let Some(postgres) = RealPostgres::shared() else {
            return;
        };
        let url = postgres.create_database();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        MIGRATOR.run(&mut connection).await.unwrap();
        let statements = modules_with_statements();
        assert!(statements.len() > 40);
        let mut wrong = Vec::new();
        for (name, sql) in statements {
            let prepared = (&mut connection).prepare(SqlStr::from_static(sql)).await;
            wrong.extend(
                prepared
                    .err()
                    .map(|error| format!("{name}: {error}\n{sql}")),
            );
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
