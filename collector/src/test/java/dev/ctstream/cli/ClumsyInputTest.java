package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What people type by mistake: each input has its exit code and a sentence that names it, at once, without the name of a
 * Java class.
 */
@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClumsyInputTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void files() throws Exception {
        write("empty.properties", "");
        write("bom.properties", "\uFEFFdelivery=counted\nbatch.max-events=1k\n");
        write("crlf.properties", "delivery=counted  \r\n\thttp.listen = off\t\r\nbatch.max-events=+-5\r\n");
        write("case.properties", "Delivery=counted\nBATCH.MAX-EVENTS=5\n");
        write("colon.properties", "batch.max-events: five\n");
        write("quoted.properties", "delivery=\"counted\"\n");
        write("yaml.properties", "batch:\n  max-events: 5\n");
        write(
                "utf16.properties",
                new String(new byte[] {(byte) 0xFF, (byte) 0xFE, 'd', 0}, StandardCharsets.ISO_8859_1));
        write("escape.properties", "delivery=\\u12\n");
        write("client.properties", "sasl.mechanism=PLAIN\nfetch.min.bytes=1k\nbootstrap.servers=localhost\n");
        write("text.avro", "protocol,source\n");
        write("empty.avro", "");
        write("magic.avro", "Obj\u0001");
        write("schema.avsc", "{\"type\":");
        write("record.avsc", "{\"type\":\"record\",\"name\":\"Other\",\"fields\":[]}");
        write("plot.json", "{");
        Files.createDirectories(folder.resolve("directory"));
        Files.createDirectories(folder.resolve("spool"));
        Files.createFile(folder.resolve("spool/lock"));
        write("spool/0000000000000001.segment", "not a segment".repeat(1_000));
        try (GZIPOutputStream zip =
                new GZIPOutputStream(Files.newOutputStream(folder.resolve("spool/0000000000000002.segment")))) {
            zip.write(new SplittableRandom(1)
                    .ints(5_000)
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining())
                    .getBytes(StandardCharsets.UTF_8));
        }
        Files.createDirectories(folder.resolve("piped"));
        Files.createFile(folder.resolve("piped/lock"));
        for (String pipe : new String[] {"pipe", "piped/0000000000000001.segment"}) {
            new ProcessBuilder("mkfifo", folder.resolve(pipe).toString())
                    .start()
                    .waitFor();
        }
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }

    /** Exit code, arguments ({@code @} is the folder), and what stderr must contain. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', maxCharsPerColumn = 5000, textBlock = """
            2 | watch --zone 65536                                      | --zone: 65536 is not in 0..65535
            2 | watch --zone -1                                         | --zone: -1 is not in 0..65535
            2 | watch --zone 0x10                                       | --zone: '0x10' is not a whole number
            2 | watch --zone 7,8                                        | --zone: '7,8' is not a whole number
            2 | watch --zone=                                           | --zone: '' is not a whole number
            2 | watch --count 0                                         | --count: 0 is less than 1
            2 | watch --count -1                                        | --count: -1 is less than 1
            2 | watch --count 99999999999999999999                      | --count: '99999999999999999999' is not a whole number
            2 | watch --count 1k                                        | --count: '1k' is not a whole number
            2 | watch --count                                           | --count needs a value: N
            2 | watch --count --zone 7                                  | --count needs a value: N
            2 | watch --events NEW                                      | --events: 'NEW' is not one of new, update, destroy
            2 | watch --events new,,destroy                             | --events: '' is not one of
            2 | watch --netns a --netns b                               | --netns is given twice
            2 | watch -o XML                                            | -o: 'XML' is not text or json
            2 | watch eth0                                              | not expected here: eth0
            2 | watch --Zone 7                                          | no such option: --Zone
            2 | watch —zone 7                                           | not expected here: —zone
            2 | wacth                                                   | not expected here: wacth
            2 | --bootstrap-server localhost:9092 read                  | no such option: --bootstrap-server
            2 | read --bootstrap-server localhost                       | --bootstrap-server: 'localhost' is not of the form host:port
            2 | read --bootstrap-server localhost:0                     | with a port in 1..65535
            2 | read --bootstrap-server localhost:65536                 | with a port in 1..65535
            2 | read --bootstrap-server localhost:9092,                 | --bootstrap-server: '' is not of the form
            2 | read --bootstrap-server ::1:9092                        | '::1:9092' is not of the form host:port or [address]:port
            2 | read --bootstrap-server [::1]                           | '[::1]' is not of the form
            2 | read --bootstrap-server http://localhost                | 'http://localhost' is not of the form
            2 | read --bootstrap-server localhost:9092;other:9092       | is not of the form
            2 | read --bootstrap-server=                                | --bootstrap-server: '' is not of the form
            0 | run --dump-config -D host.id=h -D kafka.bootstrap.servers=[::1]:9092 | ``
            2 | read --bootstrap-server x:1 --topic=                    | --topic: a topic name has 1 to 249 letters
            2 | read --bootstrap-server x:1 --topic a/b                 | --topic: a topic name has 1 to 249 letters
            2 | read --bootstrap-server x:1 --zone 7 --zone 7           | --zone is given twice
            2 | read --bootstrap-server x:1 --idle-seconds 5s           | --idle-seconds: '5s' is not a whole number
            2 | read --bootstrap-server x:1 --idle-seconds 0            | --idle-seconds: 0 is not in 1..
            2 | read --bootstrap-server x:1 --command-config @/none     | @/none: ENOENT (2) No such file or directory
            2 | read --bootstrap-server x:1 --command-config @/directory | @/directory: EISDIR (21) Is a directory; give a file
            2 | read --bootstrap-server x:1 --command-config @/pipe     | @/pipe: a named pipe; give a file
            2 | read --bootstrap-server x:1 --command-config /dev/zero  | /dev/zero: a device; give a file
            2 | read --command-config @/client.properties               | kafka.fetch.min.bytes=1k (@/client.properties:2): not a whole number, without a unit
            2 | read --command-config @/client.properties               | kafka.bootstrap.servers=localhost (@/client.properties:3): 'localhost' is not of the form
            2 | read --bootstrap-server x:1 --schema @/none             | --schema @/none: ENOENT (2) No such file or directory
            2 | read --bootstrap-server x:1 --schema @/schema.avsc      | --schema @/schema.avsc:
            2 | read --bootstrap-server x:1 --schema @/record.avsc      | --schema @/record.avsc:
            2 | read --bootstrap-server x:1 -D group.id=a               | only keys that begin with kafka. or schema.registry. are allowed
            2 | read --bootstrap-server x:1 -D kafka.fetch.min.bytes    | -D kafka.fetch.min.bytes: not of the form kafka.KEY=VALUE
            2 | verify --bootstrap-server x:1 --control-topic ..        | --control-topic: a topic name has
            1 | verify --file @/none                                    | read @/none: ENOENT (2) No such file or directory
            1 | verify --file @/directory                               | read @/directory: EISDIR (21) Is a directory
            1 | verify --file @/pipe                                    | read @/pipe: a named pipe; give a file
            1 | verify --file /dev/null                                 | read /dev/null: a device; give a file
            1 | verify --file @/empty.avro                              | read @/empty.avro: Not an Avro data file
            1 | verify --file @/text.avro                               | read @/text.avro: Not an Avro data file
            1 | verify --file @/magic.avro                              | read @/magic.avro: the data ends too early
            2 | run --config @/none                                     | --config @/none: ENOENT (2) No such file or directory; check the path
            2 | run --config @/pipe                                     | --config @/pipe: a named pipe; give a file
            2 | run --config @/empty.properties                         | kafka.bootstrap.servers is not set
            2 | run --config @/bom.properties                           | batch.max-events=1k (@/bom.properties:2): not a whole number, without a unit
            2 | run --config @/crlf.properties                          | batch.max-events=+-5 (@/crlf.properties:3): not a whole number
            2 | run --config @/case.properties                          | Delivery (@/case.properties:1): no such key; did you mean delivery?
            2 | run --config @/colon.properties                         | batch.max-events=five (@/colon.properties:1): not a whole number
            2 | run --config @/quoted.properties                        | delivery="counted" (@/quoted.properties:1): must be one of: counted, reliable
            2 | run --config @/yaml.properties                          | batch (@/yaml.properties:1): no such key
            2 | run --config @/escape.properties                        | @/escape.properties:1: Malformed \\uxxxx encoding
            2 | run -D batch.max-events                                 | -D batch.max-events: not of the form KEY=VALUE
            2 | run -D =5                                               | -D
            2 | run -D batch.max-events=0                               | batch.max-events=0 (-D): must be at least 1
            2 | run -D batch.max-events=1e3                             | batch.max-events=1e3 (-D): not a whole number, without a unit
            2 | run -D spool.max-bytes=64XB                             | not a whole number of bytes, such as 65536, 64KiB, 64MiB or 2GiB
            2 | run -D spool.max-bytes=-1                               | spool.max-bytes=-1 (-D): must be at least
            2 | run -D topic.create=yes                                 | topic.create=yes (-D): must be true or false
            2 | run -D http.listen=9090                                 | http.listen=9090 (-D): not of the form host:port
            2 | run -D http.listen=0.0.0.0:9477                        | http.listen=0.0.0.0:9477: other hosts could read it without a token: give http.token-file, or http.tls.certificate-file and http.tls.key-file, or all three, or listen on 127.0.0.1
            2 | run -D http.tls.key-file=/key.pem                      | http.tls.key-file needs http.tls.certificate-file: give both, or none
            2 | run -D http.listen=127.0.0.1:99999                      | http.listen=127.0.0.1:99999 (-D):
            2 | run -D events=new,gone                                  | 'gone' is none of new, update, destroy
            2 | run -D netns=                                           | netns= (-D): names no network namespace
            2 | run -D kafka.acks=some                                  | kafka.acks=some (-D): must be one of: all, -1, 0, 1
            2 | run -D kafka.linger.ms=5ms                              | kafka.linger.ms=5ms (-D): not a whole number, without a unit
            2 | run -D kafka.enable.idempotence=maybe                   | must be true or false
            2 | run -D kafka.compression.type=rar                       | kafka.compression.type=rar (-D): must be one of:
            2 | run -D kafka.bootstrap.servers=localhost                | 'localhost' is not of the form host:port
            2 | run --check now                                         | not expected here: now
            1 | spool cat @/text.avro                                   | spool directory @/text.avro is a file; give the directory that holds the segments
            1 | spool cat @/none                                        | spool directory @/none does not exist
            1 | spool cat @/directory                                   | directory @/directory is not a spool
            1 | spool cat @/spool                                       | 0000000000000001.segment:
            1 | spool cat @/spool                                       | 0000000000000002.segment:
            1 | spool cat @/piped                                       | a named pipe
            1 | spool list @/piped                                      | a named pipe
            1 | spool verify @/piped                                    | a named pipe
            1 | spool list @/none                                       | spool directory @/none does not exist
            1 | spool verify @/directory                                | directory @/directory is not a spool
            1 | spool cat @/pipe                                        | spool directory @/pipe is a file
            2 | spool cat                                               | DIR is missing
            2 | spool cat @/spool @/spool                               | not expected here: @/spool
            2 | broker --port 65536                                     | --port: 65536 is not in 0..65535
            2 | broker --port 9092/tcp                                  | --port: '9092/tcp' is not a whole number
            1 | bench plot --kind rate @/plot.json                      | read @/plot.json:
            2 | bench plot @/plot.json                                  | --kind is missing
            2 | entries list --source 10.0.0.1/33                       | --source '10.0.0.1/33' is not
            2 | entries list --source [fd00::1]                         | --source '[fd00::1]' is not
            2 | entries list --source-port 80,443                       | --source-port '80,443' is not a number in 0..65535
            2 | entries list --source-port 80-90                        | --source-port '80-90' is not a number in 0..65535
            2 | entries list --source-port http                         | --source-port 'http' is not a number in 0..65535
            2 | entries list --source-port -1                           | --source-port '-1' is not a number in 0..65535
            2 | entries list --mark 0xzz                                | --mark '0xzz' is not VALUE or VALUE/MASK
            2 | entries list --status assured,                          | --status 'assured,' is not status bits
            2 | entries list --protocol TCPv6                           | --protocol 'TCPv6' is not a protocol
            2 | entries flush                                           | give exactly one of --zone N
            2 | entries create --file                                   | --file needs a value: FILE
            2 | zones allocate --from 9 --to 7                          | --from 9 is above --to 7
            2 | entries --zone 7 list                                   | no such option: --zone
            """)
    void isNamedWithItsExitCode(int code, String arguments, String sentence) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false);
        String[] all = Arrays.stream(arguments.split(" +"))
                .map(argument -> argument.replace("@", folder.toString()))
                .toArray(String[]::new);
        int got = Main.execute(console, all);
        String said = err.toString(StandardCharsets.UTF_8);
        assertThat(said)
                .contains(sentence.replace("@", folder.toString()))
                .doesNotContain("Exception", "java.", "unexpected error");
        assertThat(got).as(said).isEqualTo(code);
    }
}
