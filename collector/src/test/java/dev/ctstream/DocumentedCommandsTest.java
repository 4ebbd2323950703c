package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands of README.md and CONTRIBUTING.md, which {@code .ci/run} takes from {@code .ci/commands} and runs. */
class DocumentedCommandsTest {
    private static final Path ROOT = Path.of("..");
    private static final int MARKED_AT_MOST = 17;
    private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+-SNAPSHOT");

    @TempDir
    private Path folder;

    private static List<String> commands(Path... documents) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(ROOT.resolve(".ci/commands").toString()));
        for (Path document : documents) {
            command.add(document.toString());
        }
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines = process.inputReader(StandardCharsets.UTF_8).lines().toList();
        assertThat(process.waitFor()).isZero();
        return lines;
    }

    @Test
    void commandsAreThoseOfShellBlocksAndOfCodeInTheText() throws Exception {
        Path document = folder.resolve("a.md");
        Files.writeString(document, """
                Text with `mvn one` and `no command`, and `.ci/two` <!-- not run: a reason -->.
                ```sh
                three --option
                four
                ```
                ```text
                output
                ```
                <!-- not run: another reason -->
                ```sh
                five
                ```
                | `mvn six 'a\\|b'` | again `mvn one` |
                """);
        assertThat(commands(document))
                .containsExactly(
                        "run mvn one",
                        "not .ci/two\ta reason",
                        "run three --option",
                        "run four",
                        "not five\tanother reason",
                        "run mvn six 'a|b'");
    }

    @Test
    void mostCommandsAreRunAndTheOthersHaveAReason() throws Exception {
        List<String> all = commands(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md"));
        List<String> marked =
                all.stream().filter(line -> line.startsWith("not ")).toList();
        assertThat(all)
                .contains("run collector/bin/ctstream demo --seconds 20", "run mvn verify -DskipITs")
                .contains("not mvn verify\tthe first step of .ci/run");
        assertThat(all.size() - marked.size()).isGreaterThanOrEqualTo(9);
        assertThat(marked).hasSizeLessThanOrEqualTo(MARKED_AT_MOST);
        assertThat(marked).allSatisfy(line -> assertThat(line.split("\t")).hasSize(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "CONTRIBUTING.md"})
    void aBlockIsShellOrOutput(String name) throws IOException {
        List<String> fences = Files.readAllLines(ROOT.resolve(name)).stream()
                .filter(line -> line.startsWith("```"))
                .toList();
        for (int i = 0; i < fences.size(); i += 2) {
            assertThat(fences.get(i)).isIn("```sh", "```text");
            assertThat(fences.get(i + 1)).isEqualTo("```");
        }
    }

    /** The pom files have the version; others repeat it only where a reader copies it from, or do without. */
    @Test
    void theVersionIsTheSameEverywhere() throws IOException {
        Matcher parent = VERSION.matcher(Files.readString(ROOT.resolve("pom.xml")));
        assertThat(parent.find()).isTrue();
        for (String name : List.of(
                "CHANGELOG.md", "CONTRIBUTING.md", "schemas/README.md", "collector/docs/downstream/streams/pom.xml")) {
            assertThat(VERSION.matcher(Files.readString(ROOT.resolve(name)))
                            .results()
                            .map(MatchResult::group))
                    .as(name)
                    .isNotEmpty()
                    .containsOnly(parent.group());
        }
        for (String name : List.of("docker-compose.yml", "collector/deploy/Dockerfile", ".ci/run")) {
            assertThat(Files.readString(ROOT.resolve(name))).as(name).doesNotContainPattern("ctstream[:-]\\d");
        }
    }
}
