define float @square_plus_one(float %x) {
  %square = fmul float %x, %x
  %result = fadd float %square, 1.0
  ret float %result
}
