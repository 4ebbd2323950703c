import static org.apache.spark.sql.avro.functions.from_avro;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.to_date;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Writes the events of conntrack.events or conntrack.flat to Parquet, in a folder for each day, and prints how many each day
 * has.
 *
 * <pre>java @java.options -cp 'target/lib/*' Parquet.java HOST:9092 TOPIC FRAMING SCHEMA.avsc FOLDER</pre>
 *
 * Spark's from_avro takes a bare datum and its schema, so what stands before the datum is cut off: 5 bytes of framing
 * confluent, 10 of single-object, 0 of bare. The schema is that of the writer: a topic that has several needs a reader that
 * looks at them.
 */
public class Parquet {
    public static void main(String[] arguments) throws Exception {
        int start = switch (arguments[2]) {
            case "confluent" -> 5;
            case "single-object" -> 10;
            default -> 0;
        };
        String schema = Files.readString(Path.of(arguments[3]));
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .getOrCreate();
        Column datum = expr("substring(value, " + (start + 1) + ")");
        Dataset<Row> records = spark.read()
                .format("kafka")
                .option("kafka.bootstrap.servers", arguments[0])
                .option("subscribe", arguments[1])
                .load()
                .select(from_avro(datum, schema).as("record"))
                .select("record.*");
        Dataset<Row> events = records;
        if (Stream.of(records.columns()).anyMatch("events"::equals)) {
            Column[] common = Stream.of(records.columns())
                    .filter(name -> !name.equals("events") && !name.endsWith("_event_time"))
                    .map(name -> col(name))
                    .toArray(Column[]::new);
            events = records.select(Stream.concat(Stream.of(common), Stream.of(explode(col("events")).as("event")))
                            .toArray(Column[]::new))
                    .select("*", "event.*")
                    .drop("event");
        }
        events.withColumn("day", to_date(col("event_time")))
                .write()
                .mode("overwrite")
                .partitionBy("day")
                .parquet(arguments[4]);
        spark.read().parquet(arguments[4]).groupBy("day").count().orderBy("day").show(1000);
        spark.stop();
    }
}
