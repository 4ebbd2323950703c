package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The tables of {@code docs/downstream/flink}, generated from the schemas. {@code -Ddocs.update=true} writes them. */
class FlinkTablesTest {
    @ParameterizedTest
    @EnumSource
    void theTablesHaveEveryField(Layout layout) throws IOException {
        Path file = DownstreamKit.file(layout == Layout.BATCH ? "flink/batch.sql" : "flink/flat.sql");
        String tables = layout == Layout.BATCH ? batches() : flat();
        if (Boolean.getBoolean("docs.update")) {
            Files.writeString(file, tables);
        }
        assertThat(file)
                .as("mvn test -pl collector -am -Dtest=FlinkTablesTest -Dsurefire.failIfNoSpecifiedTests=false"
                        + " -Ddocs.update=true writes the tables")
                .hasContent(tables);
    }

    private static String flat() {
        return head("conntrack_events", Schemas.FLAT)
                + "  `row_time` AS `event_time`,\n"
                + tail("row_time", "conntrack.flat");
    }

    private static String batches() {
        String common = Schemas.BATCH.getFields().stream()
                .filter(field -> Schemas.FLAT.getField(field.name()) != null)
                .map(field -> "  b.`" + field.name() + "`,\n")
                .collect(Collectors.joining());
        String events = Schemas.EVENT.getFields().stream()
                .map(field -> "  e.`" + field.name() + "`,\n")
                .collect(Collectors.joining());
        return head("conntrack_batches", Schemas.BATCH)
                + tail("first_event_time", "conntrack.events")
                + "\nCREATE VIEW conntrack_events AS SELECT\n"
                + common
                + events
                + "  b.`first_event_time` AS `row_time`\n"
                + "FROM conntrack_batches AS b CROSS JOIN UNNEST(b.`events`) AS e;\n";
    }

    private static String head(String table, Schema schema) {
        return "-- Generated from " + schema.getName() + " by FlinkTablesTest.\nCREATE TABLE " + table + " (\n"
                + schema.getFields().stream()
                        .map(field -> "  " + column(field) + ",\n")
                        .collect(Collectors.joining());
    }

    private static String tail(String time, String topic) {
        return "  WATERMARK FOR `" + time + "` AS `" + time + "` - INTERVAL ${LATENESS:'5' SECOND}\n"
                + ") WITH (\n"
                + "  'connector' = 'kafka',\n"
                + "  'topic' = '${TOPIC:" + topic + "}',\n"
                + "  'properties.bootstrap.servers' = '${BOOTSTRAP}',\n"
                + "  'scan.startup.mode' = 'earliest-offset',\n"
                + "  'scan.bounded.mode' = '${BOUNDED:unbounded}',\n"
                + "  'scan.watermark.idle-timeout' = '${IDLE:10 s}',\n"
                + "  -- For record.framing=bare: 'value.format' = 'avro', without a registry.\n"
                + "  'value.format' = 'avro-confluent',\n"
                + "  'value.avro-confluent.url' = '${REGISTRY}'\n"
                + ");\n";
    }

    private static String column(Schema.Field field) {
        return "`" + field.name() + "` " + type(field.schema());
    }

    /** The type in SQL. It must say what is never null: format {@code avro} derives the writer's schema from it. */
    private static String type(Schema schema) {
        if (schema.isUnion()) {
            String type = type(schema.getTypes().get(1));
            return type.substring(0, type.length() - " NOT NULL".length());
        }
        String type = switch (schema.getType()) {
            case STRING -> "STRING";
            case INT -> "INT";
            case LONG -> schema.getLogicalType() == null ? "BIGINT" : "TIMESTAMP(3)";
            case BOOLEAN -> "BOOLEAN";
            case ARRAY -> "ARRAY<" + type(schema.getElementType()) + ">";
            case RECORD ->
                schema.getFields().stream().map(FlinkTablesTest::column).collect(Collectors.joining(", ", "ROW<", ">"));
            default -> throw new IllegalArgumentException("no table has " + schema);
        };
        return type + " NOT NULL";
    }
}
