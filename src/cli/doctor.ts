import type { Command } from "commander";
import type { Context } from "./context.js";
import { print } from "./terminal.js";

const LABELS = { ok: "  ok  ", note: " note ", fail: " FAIL " };

export function doctorCommand(program: Command, context: Context): void {
  program.command("doctor")
    .description("check settings, database, Redis, service, clocks and login providers; exits 1 if it finds a problem")
    .action(async () => {
      const { diagnose } = await import("./checks/diagnosis.js");
      const findings = await diagnose(context);
      for (const [level, text] of findings) print(context, `${LABELS[level]} ${text}`);
      const problems = findings.filter(([level]) => level === "fail").length;
      print(context, `\n${problems === 0 ? "No" : problems} problem${problems === 1 ? "" : "s"} found.`);
      if (problems > 0) context.exitCode = 1;
    });
}
