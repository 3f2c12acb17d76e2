// Which instructions the emulator knows: every form that coverage.forms lists
// is loaded, what it lists as refused is refused with a reason and a line, and
// where there is a ptxas, it takes all of them: they are PTX.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace coverage_test {

struct Form {
  std::string text, reason; ///< of its refusal
};

/// `form` with one choice of each <a|b> after the other.
void expand(const Form &form, std::vector<Form> &to) {
  size_t open = form.text.find('<'), close = form.text.find('>');
  if (open == std::string::npos) {
    to.push_back(form);
    return;
  }
  std::string choices = form.text.substr(open + 1, close - open - 1) + '|';
  for (size_t at = 0, end; (end = choices.find('|', at)) != std::string::npos;
       at = end + 1)
    expand({form.text.substr(0, open) + choices.substr(at, end - at) +
                form.text.substr(close + 1),
            form.reason},
           to);
}

/// The forms of one section.
std::vector<Form> readForms(const std::string &section) {
  std::stringstream lines(readInput("coverage.forms"));
  std::vector<Form> forms;
  bool isHere = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#')
      continue;
    if (line[0] == '[') {
      isHere = line == "[" + section + "]";
      continue;
    }
    size_t comment = line.find("  # ");
    if (isHere)
      expand({line.substr(0, comment),
              comment == std::string::npos ? "" : line.substr(comment + 4)},
             forms);
  }
  EXPECT_FALSE(forms.empty()) << section;
  return forms;
}

constexpr int kFirstLine = 7, kLinesOfKernel = 3;

/// A module with a kernel of each form, which stands on line kFirstLine +
/// kLinesOfKernel times its number.
std::string moduleOf(const std::vector<Form> &forms,
                     const std::string &target) {
  std::string text = ".version 8.8\n.target " + target +
                     "\n.address_size 64\n.global .align 16 .b8 gl[64];\n"
                     ".func fn() { ret; } .func (.reg .b32 o) fr(.reg .b32 i) "
                     "{ mov.b32 o, i; ret; }\n";
  for (size_t i = 0; i < forms.size(); ++i)
    text += ".visible .entry k" + std::to_string(i) +
            "(.param .u64 par) { .shared .align 16 .b8 sm[64]; .reg .b32 r<10>,"
            " w<4>; .reg .b64 d<10>; .reg .b16 h<10>; .reg .b8 b<4>; .reg .f32 "
            "f<10>, v<4>; .reg .f64 g<10>; .reg .pred p<10>; .reg .b128 q<4>; "
            "ts: .branchtargets L;\n" +
            forms[i].text + "\nL: ret; }\n";
  return text;
}

class Coverage : public ::testing::TestWithParam<std::string> {};

TEST_P(Coverage, Loads) {
  std::vector<Form> forms = readForms(GetParam());
  Emulator emulator;
  try {
    Module &module = emulator.load(moduleOf(forms, GetParam()), "forms");
    EXPECT_EQ(module.kernels().size(), forms.size());
  } catch (const LoadError &error) {
    ADD_FAILURE() << error.what();
  }
}

TEST_P(Coverage, RefusesTheRestWithAReason) {
  std::vector<Form> forms = readForms("refused " + GetParam());
  std::string expected;
  for (size_t i = 0; i < forms.size(); ++i) {
    const auto &[text, reason] = forms[i];
    std::string opcode = "'" + text.substr(0, text.find_first_of(" ;")) + "'";
    expected +=
        (i ? "\nforms:" : "forms:") +
        std::to_string(kFirstLine + kLinesOfKernel * static_cast<int>(i)) +
        ": " + (reason.rfind("unknown instruction", 0) ? opcode + ": " : "") +
        reason;
  }
  try {
    Emulator emulator;
    emulator.load(moduleOf(forms, GetParam()), "forms");
    ADD_FAILURE() << "nothing is refused";
  } catch (const LoadError &error) {
    EXPECT_EQ(error.what(), expected);
  }
}

TEST_P(Coverage, IsWhatPtxasTakes) {
  if (std::system("ptxas --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "there is no ptxas";
  for (const std::string &section : {GetParam(), "refused " + GetParam()}) {
    std::string file = ::testing::TempDir() + asName(section) + ".ptx",
                log = file + ".log";
    std::ofstream(file) << moduleOf(readForms(section), GetParam());
    std::string command = "ptxas -w -c -arch=" + GetParam() +
                          " -o /dev/null '" + file + "' > '" + log + "' 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << std::ifstream(log).rdbuf();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Coverage,
                         ::testing::Values("sm_80", "sm_90a", "sm_100a"),
                         [](const auto &info) { return info.param; });

} // namespace coverage_test
