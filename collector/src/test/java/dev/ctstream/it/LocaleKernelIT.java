package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Text is UTF-8, whatever the locale. A shell makes the arguments, so this JVM's own locale does not matter. */
class LocaleKernelIT {
    private static final String U = "$'\\xc3\\xbc'"; // ü

    @TempDir
    private Path folder;

    private String launcher = "";
    private String java = "";

    @BeforeEach
    void install() throws IOException {
        launcher = LaunchedProgram.launcher(folder).toString();
        java = Path.of(System.getProperty("java.home"), "bin", "java") + " --enable-native-access=ALL-UNNAMED -cp '"
                + folder.resolve("installed/lib") + "/*' dev.ctstream.cli.Main";
    }

    private record Result(int code, String out, String err) {}

    private Result shell(String locale, String script) throws IOException, InterruptedException {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", "-c", "cd " + folder + "; " + script)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("CTSTREAM_"));
        builder.environment().putAll(Map.of("LC_ALL", locale, "JAVA_HOME", System.getProperty("java.home")));
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "en_US.ISO-8859-1", "C.UTF-8"})
    void theLauncherUnderstandsUtf8InEveryLocale(String locale) throws Exception {
        Result dump = shell(locale, """
                printf 'host.id=file-\\xc3\\xbc\\n' > gr%1$s.properties
                export CTSTREAM_TOPIC_CONTROL=control CTSTREAM_HTTP_HOSTS=
                %2$s run --dump-config --config gr%1$s.properties -D spool.directory=/tmp/sp%1$sl -D netns=bugs-%1$s
                CTSTREAM_HOST_ID=environment-%1$s %2$s run --dump-config
                %2$s run --dump-config -D host.id=m%1$snchen
                %2$s watch --netns bugs-%1$s
                """.formatted(U, launcher));
        assertThat(dump.out())
                .contains("from: grü.properties:1\nhost.id=file-ü\n")
                .contains("\nspool.directory=/tmp/spül\n")
                .contains("\nnetns=bugs-ü\n")
                .contains("\nhost.id=environment-ü\n")
                .contains("\nhost.id=münchen\n");
        assertThat(dump.err())
                .contains("/var/run/netns/bugs-ü")
                .contains("ENOENT")
                .doesNotContain("please report it");
        assertThat(dump.code()).isEqualTo(1);
    }

    /** Java cannot name such a file then, but it must not mistake one text for another. */
    @Test
    void aJvmWithoutAUtf8LocaleUnderstandsTextAndRefusesWhatItCannotName() throws Exception {
        Result dump = shell("C", """
                %2$s run --dump-config -D host.id=m%1$snchen
                CTSTREAM_HOST_ID=environment-%1$s %2$s run --dump-config
                %2$s run --dump-config --config gr%1$s.properties || echo $?
                %2$s run --dump-config -D host.id=h -D spool.directory=/tmp/sp%1$sl || echo $?
                %2$s watch --netns bugs-%1$s || echo $?
                """.formatted(U, java));
        assertThat(dump.out())
                .contains("\nhost.id=münchen\n")
                .contains("\nhost.id=environment-ü\n")
                .endsWith("2\n2\n2\n");
        assertThat(dump.err())
                .contains("grü.properties")
                .contains("spool.directory=/tmp/spül (-D): a path cannot contain these characters in this locale")
                .contains("bugs-ü: a path cannot contain these characters in this locale")
                .contains("start it with LC_ALL=C.UTF-8")
                .doesNotContain("please report it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "C.UTF-8"})
    void whatIsNotUtf8IsNamed(String locale) throws Exception {
        Result refused = shell(locale, """
                printf 'events=new\\nhost.id=\\xfc\\n' > latin.properties
                %1$s run --dump-config -D host.id=$'m\\xfcnchen' || echo $?
                CTSTREAM_HOST_ID=$'m\\xfcnchen' %1$s run --dump-config || echo $?
                %1$s run --dump-config --config latin.properties || echo $?
                """.formatted(launcher));
        assertThat(refused.err()).isEqualTo("""
                ctstream: argument is not UTF-8: host.id=
                ctstream: environment variable is not UTF-8: CTSTREAM_HOST_ID
                ctstream: latin.properties:2: is not UTF-8
                """);
        assertThat(refused.out()).isEqualTo("2\n2\n2\n");
    }
}
