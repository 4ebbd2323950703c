package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class ReferenceFilesTest {
    private static final CommandLine COMMANDS = ReferenceFiles.commands();

    private static List<CommandLine> withSubcommands(CommandLine command) {
        List<CommandLine> all = new ArrayList<>(List.of(command));
        command.getSubcommands().values().forEach(sub -> all.addAll(withSubcommands(sub)));
        return all;
    }

    @Test
    void eachCommandHasAPageWithAllThatItsHelpShows() {
        Map<String, String> pages = ReferenceFiles.pages(COMMANDS, "1.2.3");
        List<CommandLine> commands = withSubcommands(COMMANDS);
        assertThat(pages).hasSameSizeAs(commands).containsKeys("ctstream", "ctstream-run", "ctstream-spool-list");
        for (CommandLine command : commands) {
            String page = pages.getOrDefault(command.getCommandSpec().qualifiedName("-"), "");
            assertThat(page).contains("\"ctstream 1.2.3\"");
            for (OptionSpec option : command.getCommandSpec().options()) {
                assertThat(page.contains(option.longestName().replace("-", "\\-")))
                        .as("%s in %s", option, page)
                        .isNotEqualTo(option.hidden());
            }
        }
        assertThat(pages.get("ctstream-bench"))
                .as("defaults are filled in")
                .contains("Default: ")
                .doesNotContain("DEFAULT-VALUE", "%n");
    }

    @Test
    void pagesHaveNoRequestsButTheirOwn() {
        ReferenceFiles.pages(COMMANDS, "1.2.3")
                .forEach((name, page) -> assertThat(page.lines())
                        .as(name)
                        .allMatch(line -> !line.matches("[.'].*") || line.matches("\\.(TH|SH|TP|B|nh|ad|nf|fi)( .*)?"))
                        .noneMatch(line -> line.matches(".*(^|[^\\\\])-.*") && !line.startsWith(".TH")));
    }

    @Test
    void theCompletionKnowsCommandsAndOptionsAndBashReadsIt() throws Exception {
        String script = ReferenceFiles.completion(COMMANDS);
        assertThat(script).contains("--bootstrap-server", "--dump-config", "allocate");
        Process bash = new ProcessBuilder(
                        "bash",
                        "-c",
                        "source /dev/stdin; COMP_WORDS=(ctstream sp); COMP_CWORD=1; _complete_ctstream;"
                                + " echo \"${COMPREPLY[*]}\"")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        bash.getOutputStream().write(script.getBytes(StandardCharsets.UTF_8));
        bash.getOutputStream().close();
        assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
                .isEqualTo("spool");
    }
}
