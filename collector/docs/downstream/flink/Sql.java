import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs files of SQL statements with Flink in this JVM. Prints the name of each file, and each row that a SELECT finds as
 * JSON; times are milliseconds since 1970-01-01 UTC. {@code ${NAME}} in a file stands for the environment variable NAME, and
 * {@code ${NAME:default}} has a default.
 *
 * <pre>java -cp 'target/lib/*' --add-opens=java.base/java.util=ALL-UNNAMED Sql.java flat.sql scans.sql</pre>
 */
public class Sql {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+)(?::([^}]*))?}");
    private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] files) throws Exception {
        TableEnvironment flink = TableEnvironment.create(
                EnvironmentSettings.newInstance().inStreamingMode().build());
        flink.getConfig().set("table.local-time-zone", "UTC");
        flink.getConfig().set("parallelism.default", "1");
        for (String file : files) {
            System.out.println("-- " + Path.of(file).getFileName());
            String text = COMMENT.matcher(Files.readString(Path.of(file))).replaceAll("");
            for (String statement : withVariables(text).split(";")) {
                if (!statement.isBlank()) {
                    run(flink, statement.strip());
                }
            }
        }
    }

    private static void run(TableEnvironment flink, String statement) throws Exception {
        if (!statement.startsWith("SELECT") && !statement.startsWith("WITH")) {
            flink.executeSql(statement);
            return;
        }
        try (CloseableIterator<Row> rows = flink.executeSql(statement).collect()) {
            while (rows.hasNext()) {
                System.out.println(JSON.writeValueAsString(plain(rows.next())));
            }
        }
    }

    private static Object plain(Object value) {
        if (value instanceof Row row) {
            Map<String, Object> fields = new LinkedHashMap<>();
            row.getFieldNames(true).forEach(name -> fields.put(name, plain(row.getField(name))));
            return fields;
        }
        return value instanceof LocalDateTime time ? time.toInstant(ZoneOffset.UTC).toEpochMilli() : value;
    }

    private static String withVariables(String text) {
        Matcher variable = VARIABLE.matcher(text);
        return variable.replaceAll(found -> {
            String value = System.getenv().getOrDefault(found.group(1), found.group(2));
            if (value == null) {
                throw new IllegalArgumentException("set the environment variable " + found.group(1));
            }
            return Matcher.quoteReplacement(value);
        });
    }
}
