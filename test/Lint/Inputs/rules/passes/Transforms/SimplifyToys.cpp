static StringRef whyToysStay(int toys) {
  if (toys == 1)
    return "a reason "
           "of two lines";
  return "an expected reason";
}
